// The decoder of messages of one registered schema, or why its messages are rejected.
import { placeOfError, PulseError, shorten } from '../../../src/errors.ts'
import {
  isSchema,
  type RegisteredSchema,
  type SchemaKey,
  type SchemaRegistry,
} from '../../../src/kafka/schema-registry.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { canonicalName } from '../../../src/record/column-names.ts'
import { compileAvro, type AvroOptions, type DecodeRow } from '../../../src/record/decode/avro.ts'
import { parseAvroSchema } from '../../../src/record/decode/avro-schema.ts'
import type { MappedColumns } from '../../../src/record/mapped-columns.ts'
import type { TextReading } from '../../../src/record/decode/text-reading.ts'

/** What is known of a registered schema. */
export type KnownSchema =
  | { kind: 'avro'; decode: DecodeRow; name: string; recordType: string | null }
  | { kind: 'json'; name: string; recordType: string | null }
  /** Of a record type that is not to be read. */
  | { kind: 'other-type'; name: string; recordType: string }
  /** `why`: a sentence that names id, subject and type. */
  | { kind: 'unusable'; why: string }

/** Bounds the requests for a schema whose references refer to each other. */
const MOST_REFERENCES = 100
/** Letters of a schema with those that it refers to; a broker keeps up to 1 MiB of each. */
const MOST_LETTERS = 4 * 2 ** 20
/** A sentence on a schema holds names from it, and is kept with each row that it rejects. */
const MOST_WHY = 2000
const MOST_NAME = 255
const TYPE_NAMES: Readonly<Record<string, string>> = { AVRO: 'Avro', PROTOBUF: 'Protobuf' }

/** How messages of registered schemas are read. */
export interface ReadingOptions {
  texts: TextReading
  /** Columns that schemas have under other names or within records. */
  mapped: MappedColumns
  /** Names of records that are read, with or without namespace; none for all. */
  recordTypes: readonly string[]
}

/** Fetches a schema, with those that it refers to, and compiles it. */
export async function fetchSchema(
  registry: SchemaRegistry,
  key: SchemaKey,
  { texts, mapped, recordTypes }: ReadingOptions,
): Promise<KnownSchema> {
  const name = typeof key === 'number' ? `schema ${key}` : `schema GUID ${key}`
  const found = await registry.byKey(key)
  if (found === null) return { kind: 'unusable', why: `${name}: the registry does not have it` }
  if (!isSchema(found)) {
    const why = `${name}: the answer of the registry ${found.fault}, expected that of Confluent's API`
    return { kind: 'unusable', why }
  }
  let asked: Promise<string | null> | null = null
  const subject = (): Promise<string | null> =>
    (asked ??= typeof key === 'number' ? registry.subjectOf(key) : Promise.resolve(null))
  const unusable = async (why: string): Promise<KnownSchema> => {
    const type = TYPE_NAMES[found.type] ?? found.type
    const of = await subject()
    const where = of === null ? 'of no subject' : `of subject "${of}"`
    return { kind: 'unusable', why: shorten(`${name} (${type}, ${where}): ${why}`, MOST_WHY) }
  }
  if (found.type !== 'AVRO' && found.type !== 'JSON') {
    const type = TYPE_NAMES[found.type] ?? `the schema type ${found.type}`
    return unusable(`${type} is not supported; send Avro or JSON`)
  }
  const references = found.type === 'JSON' ? [] : await fetchReferences(registry, found)
  if (typeof references === 'string') return unusable(references)
  const recordType = recordTypeOf(found, references)
  if (recordTypes.length > 0) {
    if (recordType === null && found.type === 'JSON') {
      return unusable('it has no title, which --record-type is compared with')
    }
    if (recordType !== null && !isOneOf(recordTypes, recordType)) {
      return { kind: 'other-type', name, recordType }
    }
  }
  if (found.type === 'JSON') {
    return { kind: 'json', name: `${name} (JSON Schema)`, recordType }
  }
  const made = tryCompile(found, { texts, mapped, references })
  if (typeof made === 'function' && hasEveryColumn(found.schema))
    return { kind: 'avro', decode: made, name, recordType }
  // A later version of the subject may name the fields of this one as aliases.
  const of = await subject()
  const latest = of === null ? null : await registry.version(of, 'latest')
  const renames = isSchema(latest) ? renamesOf(latest.schema) : undefined
  const renamed =
    renames === undefined ? made : tryCompile(found, { texts, mapped, references, renames })
  const best = typeof renamed === 'function' ? renamed : made
  if (typeof best === 'function') return { kind: 'avro', decode: best, name, recordType }
  const other = recordTypes.length > 0 || recordType === null ? '' : otherType(recordType)
  return unusable(best + other)
}

const otherType = (recordType: string): string =>
  `; if "${recordType}" is not a record of sessions, name those that are with --record-type`

/** The full name of a record of Avro, the title of a JSON Schema; null where there is none. */
function recordTypeOf({ type, schema }: RegisteredSchema, references: unknown[]): string | null {
  if (type === 'JSON') {
    const { title = null } = (schema ?? {}) as { title?: unknown }
    return typeof title === 'string' ? shorten(title, MOST_NAME) : null
  }
  try {
    const parsed = parseAvroSchema(schema, references)
    return parsed.kind === 'record' ? shorten(parsed.name, MOST_NAME) : null
  } catch (error) {
    if (error instanceof PulseError) return null
    throw error
  }
}

const isOneOf = (recordTypes: readonly string[], name: string): boolean =>
  recordTypes.includes(name) || recordTypes.includes(name.slice(name.lastIndexOf('.') + 1))

/** The schemas that a schema uses types of, each after its own; a sentence when one is missing. */
async function fetchReferences(
  registry: SchemaRegistry,
  of: RegisteredSchema,
  known = new Map<string, unknown>(),
  letters = { left: MOST_LETTERS - of.size },
): Promise<unknown[] | string> {
  for (const { subject, version } of of.references) {
    const name = `version ${version} of "${subject}"`
    if (known.has(name)) continue
    if (known.size >= MOST_REFERENCES) return `it refers to more than ${MOST_REFERENCES} schemas`
    // Its place is after what it refers to; a cycle ends here.
    known.set(name, null)
    const found = await registry.version(subject, version)
    if (found === null) return `it refers to ${name}, which the registry does not have`
    if (!isSchema(found)) return `it refers to ${name}, and the registry's answer ${found.fault}`
    letters.left -= found.size
    if (letters.left < 0) return `it has more than ${MOST_LETTERS} letters with what it refers to`
    const inner = await fetchReferences(registry, found, known, letters)
    if (typeof inner === 'string') return inner
    known.delete(name)
    known.set(name, found.schema)
  }
  return [...known.values()].filter((schema) => schema !== null)
}

/** False when any column, also one that may be absent, has no known name: it may be renamed. */
function hasEveryColumn(schema: unknown): boolean {
  const known = new Set(
    fieldsOf(schema).flatMap(({ name, aliases }) => [name, ...aliases].map(canonicalName)),
  )
  return USED_COLUMNS.every((column) => known.has(column))
}

/**
 * The reason when a needed column is missing, or has a type that holds no number. No schema ends the
 * process: an internal error is a reason as well, which is logged and kept with the rejected rows.
 */
function tryCompile({ schema }: RegisteredSchema, options: AvroOptions): DecodeRow | string {
  try {
    return compileAvro(schema, options)
  } catch (error) {
    if (error instanceof PulseError) return error.message.replace(/^Avro schema: /, '')
    return `no decoder can be made for it (${placeOfError(error)}); report this error`
  }
}

/** By alias: the present name of a record's field. */
function renamesOf(schema: unknown): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  for (const { name, aliases } of fieldsOf(schema)) {
    for (const alias of aliases) renames.set(alias, name)
  }
  return renames
}

interface Field {
  name: string
  aliases: string[]
}

/** The fields of a record that have a name. */
function fieldsOf(schema: unknown): Field[] {
  const fields = (schema as { fields?: unknown } | null)?.fields
  if (!Array.isArray(fields)) return []
  return fields.flatMap((field: unknown) => {
    const { name, aliases } = (field ?? {}) as Readonly<Record<string, unknown>>
    if (typeof name !== 'string') return []
    const isText = (one: unknown): one is string => typeof one === 'string'
    return [{ name, aliases: Array.isArray(aliases) ? aliases.filter(isText) : [] }]
  })
}
