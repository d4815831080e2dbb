// Generates the code that reads a used value of any Avro type and writes its number.
import { PulseError } from '../../errors.ts'
import type { AvroType, Logical } from './avro-schema.ts'
import { count, LENGTH, long, need, union } from './avro-skip.ts'
import { UNREADABLE } from '../batch.ts'
import { USED_COLUMNS } from '../columns.ts'
import { msisdnOf } from '../msisdn.ts'
import { isMissing } from './text.ts'
import type { TextReading } from './text-reading.ts'

/** How a column uses its values. `epoch`: a milliseconds column that stands for an absent time. */
export type Meaning = 'number' | 'presence' | 'time' | 'epoch' | 'duration' | 'msisdn'

/** The values that generated code refers to: of enums the numbers, or the symbols, and the formats. */
export interface Constants {
  enums: (Float64Array | readonly string[])[]
  texts: TextReading
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
 * The code that writes a value to `target`, which is code as well; `place` is that of its column in
 * USED_COLUMNS.
 *
 * @throws PulseError `input-column` for a type without a single value
 */
export function read(
  type: AvroType,
  meaning: Meaning,
  target: string,
  constants: Constants,
  place: number,
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
      if (type.kind === 'float' && meaning === 'msisdn') throw imprecise(USED_COLUMNS[place])
      return loadReal(type.kind === 'float' ? 4 : 8) + set(realNumber(meaning))
    case 'bytes':
    case 'string': {
      const value = type.logical === null ? text(meaning, place) : decimal(meaning, type.logical)
      return `${LENGTH}${set(value)}p+=n;`
    }
    case 'enum':
      return enumeration(type.symbols, meaning, set, constants, place)
    case 'union':
      return union(type.branches.map((one) => read(one, meaning, target, constants, place)))
    case 'fixed':
      if (type.logical !== null) {
        return `${need(type.size)}n=${count(type.size)};${set(decimal(meaning, type.logical))}p+=n;`
      }
  }
  throw new PulseError(
    'input-column',
    `Avro schema: the column "${USED_COLUMNS[place]}" is of type ${type.kind}, expected a number, a ` +
      'time or text; register a schema with one of these types',
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

function text(meaning: Meaning, place: number): string {
  if (meaning === 'presence') return 'H.presenceAt(b,p,p+n)'
  if (meaning === 'msisdn') return 'H.msisdnAt(b,p,p+n)'
  return meaning === 'time' ? 'H.timeAt(b,p,p+n,T)' : `H.numberAt(b,p,p+n,T,${count(place)})`
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
  { enums }: Constants,
  place: number,
): string {
  const enumPlace = enums.push(valuesOf(symbols, meaning)) - 1
  const symbol = `E[${count(enumPlace)}][v]`
  const value =
    meaning === 'presence' || meaning === 'msisdn'
      ? symbol
      : meaning === 'time'
        ? `H.timeOfText(${symbol},T)`
        : `H.numberOfText(${symbol},${count(place)},T)`
  return `${long('v')}if(v<0||v>=${count(symbols.length)})return -1;${set(value)}`
}

/** The values of symbols; the symbols themselves where their formats may not be decided yet. */
function valuesOf(symbols: readonly string[], meaning: Meaning): Float64Array | readonly string[] {
  if (meaning === 'presence') {
    return Float64Array.from(symbols, (symbol) => (isMissing(symbol) ? NaN : 1))
  }
  return meaning === 'msisdn' ? Float64Array.from(symbols, msisdnOf) : symbols
}
