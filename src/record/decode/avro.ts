// Compiles the schema of Avro messages to code that writes their needed values into columns.
import { PulseError } from '../../errors.ts'
import * as runtime from './avro-bytes.ts'
import { usesOf } from './avro-fields.ts'
import { parseAvroSchema } from './avro-schema.ts'
import { createSkips, LOCALS, skip } from './avro-skip.ts'
import { read, type Constants } from './avro-value.ts'
import { USED_COLUMNS } from '../columns.ts'
import { wallClockOf } from './text-zone.ts'

/**
 * Writes the needed values of the message in `bytes` from `from` to `to` into row `row` of the
 * columns, USED_COLUMNS.length in that order; false where it is malformed, the row is void then.
 * Missing is NaN; text that is no number or no time UNREADABLE; Bearer Id 1 where present; times
 * UTC milliseconds since 1970; the duration as found.
 */
export type DecodeRow = (
  bytes: Uint8Array,
  from: number,
  to: number,
  columns: readonly Float64Array[],
  row: number,
) => boolean

/** How messages of a schema are to be read. */
export interface AvroOptions {
  /** IANA name of the zone of times that name none. */
  timeZone: string
  /** What fields of this schema are called elsewhere: names by which columns are known. */
  renames?: ReadonlyMap<string, string>
}

/** Code of one function: V8 does not optimise what is much longer. */
const MOST_CODE = 24_000

/**
 * The decoder of messages written with `schema`: a record, as JSON says it.
 *
 * @throws PulseError `input-invalid` when it is no Avro schema of a record, `input-column` when it
 *   lacks a needed column or has one of a type that is no single value
 */
export function compileAvro(schema: unknown, options: AvroOptions): DecodeRow {
  const type = parseAvroSchema(schema)
  if (type.kind !== 'record') {
    throw new PulseError(
      'input-invalid',
      `Avro schema: it describes a value of type ${type.kind}, expected a record: register one`,
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
  return assemble(codes, absent, skips.functions, constants)
}

/** Joins the code of all fields; the schema's own words are nowhere in it. */
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
  // Only code made for one schema reads it at full speed, and it is made of numbers and fixed text.
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
