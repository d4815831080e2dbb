// Generates the code that reads a used value of any Avro type and writes its number.
import { PulseError } from '../../errors.ts'
import type { AvroType, Logical } from './avro-schema.ts'
import { count, LENGTH, long, need, union } from './avro-skip.ts'
import { UNREADABLE } from '../batch.ts'
import { msisdnOf } from '../msisdn.ts'
import { isMissing, numberOf, timeOf } from './text.ts'
import type { WallClock } from './text-zone.ts'

/** How a column uses its values. `epoch`: a milliseconds column that stands for an absent time. */
export type Meaning = 'number' | 'presence' | 'time' | 'epoch' | 'duration' | 'msisdn'

/** The values that generated code refers to: the numbers of enum symbols, and the wall clock. */
export interface Constants {
  enums: Float64Array[]
  clock: WallClock
}

/** Reads a long: 28 low bits in `l`, 28 more in `h`; a longer one is read again from `q`. */
const READ_LONG = `if(to-p<8){${long('v')}}else{
q=p;u=b[p++];l=u&127;h=0;if(u>127){u=b[p++];l|=(u&127)<<7;if(u>127){u=b[p++];l|=(u&127)<<14;
if(u>127){u=b[p++];l|=(u&127)<<21;if(u>127){u=b[p++];h=u&127;
if(u>127){u=b[p++];h|=(u&127)<<7;if(u>127){u=b[p++];h|=(u&127)<<14;if(u>127){u=b[p++];h|=(u&127)<<21}}}}}}}
if(u>127){p=q;${long('v')}}
else if(h===0)v=(l>>>1)^-(l&1);
else v=l&1?-(h*134217728+((l>>>1)+1)):h*134217728+(l>>>1)}`

const loadReal = (bytes: 4 | 8): string => {
  const cache = Array.from({ length: bytes }, (_, at) => `S[${at}]=b[p+${at}];`)
  return `${need(bytes)}${cache.join('')}v=V.getFloat${bytes * 8}(0,true);p+=${bytes};`
}

/**
 * The code that writes a value to `target`, which is code as well.
 *
 * @throws PulseError `input-column` for a type without a single value
 */
export function read(
  type: AvroType,
  meaning: Meaning,
  target: string,
  constants: Constants,
  column: string,
): string {
  const set = (value: string): string => `${target}=${value};`
  switch (type.kind) {
    case 'null':
      return set('NaN')
    case 'boolean':
      return `${need(1)}v=b[p++]===0?0:1;${set(truth(meaning))}`
    case 'int':
    case 'long':
      return `t=p;${READ_LONG}${set(integer(meaning, type.logical))}`
    case 'float':
    case 'double':
      if (type.kind === 'float' && meaning === 'msisdn') throw imprecise(column)
      return loadReal(type.kind === 'float' ? 4 : 8) + set(realNumber(meaning))
    case 'bytes':
    case 'string': {
      const value = type.logical === null ? text(meaning) : decimal(meaning, type.logical)
      return `${LENGTH}${set(value)}p+=n;`
    }
    case 'enum':
      return enumeration(type.symbols, meaning, set, constants)
    case 'union':
      return union(type.branches.map((one) => read(one, meaning, target, constants, column)))
    case 'fixed':
      if (type.logical !== null) {
        return `${need(type.size)}n=${count(type.size)};${set(decimal(meaning, type.logical))}p+=n;`
      }
  }
  throw new PulseError(
    'input-column',
    `Avro schema: the column "${column}" is of type ${type.kind}, expected a number, a time or ` +
      'text; register a schema with one of these types',
  )
}

const imprecise = (column: string): PulseError =>
  new PulseError(
    'input-column',
    `Avro schema: the column "${column}" is of type float, which holds 7 digits, expected a type ` +
      'that holds the 15 digits of an MSISDN; register a schema with long or string',
  )

/** Code of the value of a boolean, which is 1 or 0 in `v` and never a time. */
function truth(meaning: Meaning): string {
  if (meaning === 'presence') return '1'
  return meaning === 'time' ? String(UNREADABLE) : 'v'
}

function integer(meaning: Meaning, logical: Logical | null): string {
  if (meaning === 'presence') return '1'
  if (meaning === 'duration' && logical?.name === 'clock') return `v/${count(logical.perMs)}`
  if (
    meaning === 'number' ||
    meaning === 'duration' ||
    meaning === 'msisdn' ||
    logical?.name !== 'time'
  )
    return meaning === 'time' ? 'H.longTime(b,t,v,K)' : 'v'
  const { perMs, local } = logical
  const ms = perMs >= 1 ? `H.divideLong(b,t,v,${count(perMs)})` : `v*${count(1 / perMs)}`
  return local ? `K(${ms})` : ms
}

const NUMBER_TIME = 'H.numberTime(v,K)'

function realNumber(meaning: Meaning): string {
  if (meaning === 'presence') return 'v===v?1:NaN'
  return meaning === 'time' ? NUMBER_TIME : `v===${UNREADABLE}?-Infinity:v`
}

function text(meaning: Meaning): string {
  if (meaning === 'presence') return 'H.presenceAt(b,p,p+n)'
  if (meaning === 'msisdn') return 'H.msisdnAt(b,p,p+n)'
  return meaning === 'time' ? 'H.timeAt(b,p,p+n,K)' : 'H.numberAt(b,p,p+n)'
}

function decimal(meaning: Meaning, logical: Logical): string {
  if (meaning === 'presence') return '1'
  const value = `H.decimalAt(b,p,p+n,${count(logical.name === 'decimal' ? logical.scale : 0)})`
  return meaning === 'time' ? `H.numberTime(${value},K)` : value
}

function enumeration(
  symbols: readonly string[],
  meaning: Meaning,
  set: (value: string) => string,
  { enums, clock }: Constants,
): string {
  const values = symbols.map((symbol) => {
    if (meaning === 'presence') return isMissing(symbol) ? NaN : 1
    if (meaning === 'msisdn') return msisdnOf(symbol)
    return meaning === 'time' ? timeOf(symbol, clock) : numberOf(symbol)
  })
  const place = enums.push(Float64Array.from(values)) - 1
  return `${long('v')}if(v<0||v>=${count(values.length)})return -1;${set(`E[${count(place)}][v]`)}`
}
