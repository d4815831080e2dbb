// Compiles an Avro schema to code that writes the used values of messages into columns.
import { PulseError } from '../../errors.ts'
import * as runtime from './avro-bytes.ts'
import { usesOf } from './avro-fields.ts'
import { parseAvroSchema, type AvroType } from './avro-schema.ts'
import { createSkips, LOCALS, skip } from './avro-skip.ts'
import { read, type Constants } from './avro-value.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import { wallClockOf } from './text-zone.ts'

/**
 * Writes the used values of the message in `bytes` from `from` to `to` into row `row` of the columns,
 * one for each of USED_COLUMNS. Returns false for a malformed message; the row is then invalid.
 * A missing value is NaN, text that does not parse is UNREADABLE, Bearer Id is 1 where present, times
 * are UTC milliseconds since 1970, and the duration is in the unit of the message.
 */
export interface DecodeRow {
  (
    bytes: Uint8Array,
    from: number,
    to: number,
    columns: readonly Float64Array[],
    row: number,
  ): boolean
  /** The type of the duration has a unit of its own, so the duration is in milliseconds. */
  ownDuration?: boolean
}

/** Options of the decoder of a schema. */
export interface AvroOptions {
  /** IANA name of the zone of times without a zone. */
  timeZone: string
  /** Names of fields in this schema, each with the name by which its column is known. */
  renames?: ReadonlyMap<string, string>
}

/** The most code of one function, in characters; V8 does not optimise much longer functions. */
const MOST_CODE = 24_000

/**
 * The decoder of messages written with `schema`, a record in Avro's JSON.
 *
 * @throws PulseError `input-invalid` when it is not an Avro schema of a record, `input-column` when
 *   it lacks a needed column or a used column has a type without a single value
 */
export function compileAvro(schema: unknown, options: AvroOptions): DecodeRow {
  const type = parseAvroSchema(schema)
  if (type.kind !== 'record') {
    throw new PulseError(
      'input-invalid',
      `Avro schema: it is of type ${type.kind}, expected a record; register the schema of a record`,
    )
  }
  const uses = usesOf(type, options.renames ?? new Map())
  const skips = createSkips()
  const constants: Constants = { enums: [], clock: wallClockOf(options.timeZone) }
  const codes = type.fields.map((field, at) => {
    const use = uses[at]
    if (use === null) return skip(field.type, skips, '0')
    return read(field.type, use.meaning, `C[${use.place}][r]`, constants, USED_COLUMNS[use.place])
  })
  const found = new Set(uses.map((use) => use?.place))
  const absent = USED_COLUMNS.flatMap((_, place) => (found.has(place) ? [] : [place]))
  const decode = assemble(codes, absent, skips.functions, constants)
  const duration = uses.findIndex((use) => use?.place === PLACE.duration)
  decode.ownDuration = duration >= 0 && hasOwnUnit(type.fields[duration].type)
  return decode
}

/** Whether a duration is of a type with a unit: `time-millis` or `time-micros`, or null. */
function hasOwnUnit(type: AvroType): boolean {
  const branches = type.kind === 'union' ? type.branches : [type]
  const valued = branches.filter(({ kind }) => kind !== 'null')
  const own = valued.filter((one) => 'logical' in one && one.logical?.name === 'clock')
  if (own.length > 0 && own.length < valued.length) {
    throw new PulseError(
      'input-column',
      'Avro schema: the column "Dur. (ms)" is a union of types with and without a unit, expected ' +
        'one of them; register a schema with one type',
    )
  }
  return own.length > 0
}

/** Joins the code of all fields; no text of the schema is part of it. */
function assemble(
  codes: readonly string[],
  absent: readonly number[],
  functions: readonly string[],
  { enums, clock }: Constants,
): DecodeRow {
  const groups = groupsOf(codes).map(
    (code, at) => `function f${at}(b,p,to,C,r){${LOCALS}${code}return p}`,
  )
  const calls = groups.map((_, at) => `p=f${at}(b,p,to,C,r);if(p<0)return false;`)
  const source = `"use strict";const A=new Int32Array(1),S=new Uint8Array(8),V=new DataView(S.buffer);
${[...functions, ...groups].join('\n')}
return function(b,p,to,C,r){${absent.map((place) => `C[${place}][r]=NaN;`).join('')}
${calls.join('\n')}
return p===to}`
  // Code generated for a schema reads it at full speed; it consists of numbers and fixed text.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function('H', 'E', 'K', source) as (
    helpers: typeof runtime,
    enums: readonly Float64Array[],
    clock: Constants['clock'],
  ) => DecodeRow
  return make({ ...runtime }, enums, clock)
}

function groupsOf(codes: readonly string[]): string[] {
  const groups: string[] = []
  let group = ''
  for (const code of codes) {
    if (group !== '' && group.length + code.length > MOST_CODE) {
      groups.push(group)
      group = ''
    }
    group += `${code}\n`
  }
  return [...groups, group]
}
