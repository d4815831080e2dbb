// Compiles an Avro schema to code that writes the used values of messages into columns.
import { PulseError } from '../../errors.ts'
import * as runtime from './avro-bytes.ts'
import { columnUses, PARTS, usesOf, type FieldUse, type RecordUse } from './avro-fields.ts'
import { parseAvroSchema, type AvroRecord, type AvroType } from './avro-schema.ts'
import { count, createSkips, LOCALS, skip, union, type Skips } from './avro-skip.ts'
import { read, type Constants } from './avro-value.ts'
import { volumeEnding } from '../column-names.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import { VOLUME_PLACES } from '../formats/volume-unit.ts'
import { pathText, type MappedColumns } from '../mapped-columns.ts'
import { isNeeded } from '../readable.ts'
import { numberOfText, timeOfText, type TextReading } from './text-reading.ts'

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
  /** Names in its schema that state a unit of volumes. */
  volumes?: readonly string[]
  /** Columns that its schema lacks; without those that refine times. */
  absent?: readonly string[]
  /** Characters of the code that was generated. */
  codeSize?: number
  /** The path in the message decoded last to a null instead of needed columns; null for none. */
  nullPath?: () => string | null
}

/** Options of the decoder of a schema. */
export interface AvroOptions {
  texts: TextReading
  /** Names of fields in this schema, each with the name by which its column is known. */
  renames?: ReadonlyMap<string, string>
  /** Columns that the schema has under other names or within records. */
  mapped?: MappedColumns
  /** Schemas whose named types it uses, each after those that it uses itself. */
  references?: readonly unknown[]
}

/** The most code of one function, in characters; V8 does not optimise much longer functions. */
const MOST_CODE = 24_000

/**
 * The decoder of messages written with `schema`, a record in Avro's JSON.
 *
 * @throws PulseError `input-invalid` when it is not an Avro schema of a record, `input-column` when
 *   it lacks a needed or mapped column or a used column has a type without a single value
 */
export function compileAvro(schema: unknown, options: AvroOptions): DecodeRow {
  const type = parseAvroSchema(schema, options.references)
  if (type.kind !== 'record') {
    throw new PulseError(
      'input-invalid',
      `Avro schema: it is of type ${type.kind}, expected a record; register the schema of a record`,
    )
  }
  const { renames = new Map<string, string>(), mapped = {} } = options
  const uses = usesOf(type, { renames, mapped })
  const columns = columnUses(uses)
  const code = createCode(options.texts)
  const calls = callsOf(type, uses, code, 'false')
  const found = new Set(columns.map(({ place }) => place))
  if (columns.some(({ isBearer }) => isBearer)) found.add(PLACE.bearer)
  const absent = USED_COLUMNS.flatMap((_, place) => (found.has(place) ? [] : [place]))
  const decode = assemble(calls, absent, code)
  decode.absent = absent.map((place) => USED_COLUMNS[place]).filter((column) => !PARTS.has(column))
  const duration = columns.find(({ place }) => place === PLACE.duration)
  decode.ownDuration = duration !== undefined && hasOwnUnit(duration.type)
  // Any name that is mapped may end in a unit.
  decode.volumes = columns
    .filter(({ place, name }) => isMapped(place, mapped) || volumeEnding(name) !== null)
    .map(({ name }) => name)
  return decode
}

const isMapped = (place: number, mapped: MappedColumns): boolean =>
  VOLUME_PLACES.includes(place) && mapped[USED_COLUMNS[place]] !== undefined

/** The code of a decoder as it is generated. */
interface Code {
  skips: Skips
  constants: Constants
  /** Functions of parts of records. */
  parts: string[]
  /** Paths to the records that may be null and hold needed columns. */
  nullable: string[]
}

const createCode = (texts: TextReading): Code => ({
  skips: createSkips(),
  constants: { enums: [], texts },
  parts: [],
  nullable: [],
})

/** The code that reads a record, as calls of functions that V8 optimises, or returns `failed`. */
function callsOf(
  { fields }: AvroRecord,
  uses: readonly FieldUse[],
  code: Code,
  failed = '-1',
): string {
  const codes = fields.map(({ type }, at) => {
    const use = uses[at]
    if (use === null) return skip(type, code.skips, '0')
    if ('uses' in use) return inner(type, use, code)
    const value = read(type, use.meaning, target(use.place), code.constants, use.place)
    return use.isBearer ? value + bearerAs(use.place) : value
  })
  return groupsOf(codes)
    .map((group) => {
      const at = code.parts.push(group) - 1
      return `p=f${count(at)}(b,p,to,C,r);if(p<0)return ${failed};`
    })
    .join('\n')
}

/** Code of a bearer that is present where the column is. */
const bearerAs = (place: number): string =>
  `${target(PLACE.bearer)}=${target(place)}===${target(place)}?1:NaN;`

const target = (place: number): string => `C[${count(place)}][r]`

/** The code of a record within another one; where it is null, all its columns are missing. */
function inner(type: AvroType, use: RecordUse, code: Code): string {
  if (type.kind === 'union') return union(type.branches.map((one) => inner(one, use, code)))
  if (type.kind === 'record') return callsOf(type, use.uses, code)
  const columns = columnUses(use.uses)
  const missing = columns
    .map(({ place, isBearer }) => `${target(place)}=NaN;${isBearer ? bearerAs(place) : ''}`)
    .join('')
  if (!columns.some(({ place }) => isNeeded(USED_COLUMNS[place]))) return missing
  return `${missing}N[0]=${count(code.nullable.push(pathText(use.path)))};`
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
  calls: string,
  absent: readonly number[],
  { skips, constants, parts, nullable }: Code,
): DecodeRow {
  const functions = parts.map((part, at) => `function f${at}(b,p,to,C,r){${LOCALS}${part}return p}`)
  const begin = absent.map((place) => `${target(place)}=NaN;`).join('')
  const source = `"use strict";const A=new Int32Array(1),S=new Uint8Array(8),V=new DataView(S.buffer);
${[...skips.functions, ...functions].join('\n')}
return function(b,p,to,C,r){${nullable.length > 0 ? 'N[0]=0;' : ''}${begin}
${calls}
return p===to}`
  // Code generated for a schema reads it at full speed; it consists of numbers and fixed text.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function('H', 'E', 'T', 'K', 'N', source) as (
    helpers: Readonly<Record<string, unknown>>,
    enums: Constants['enums'],
    texts: TextReading,
    clock: TextReading['clock'],
    nulls: Int32Array,
  ) => DecodeRow
  const { enums, texts } = constants
  const nulls = new Int32Array(1)
  const decode = make({ ...runtime, timeOfText, numberOfText }, enums, texts, texts.clock, nulls)
  decode.codeSize = source.length
  if (nullable.length > 0) decode.nullPath = () => nullable[nulls[0] - 1] ?? null
  return decode
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
