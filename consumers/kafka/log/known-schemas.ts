// The schemas of a registry that messages have named, each with its decoder, and what is reported of them.
import type { SchemaKey } from '../../../src/kafka/schema-registry.ts'
import type { DecodeRow } from '../../../src/record/decode/avro.ts'
import type { KnownSchema } from './registered-decoder.ts'

/** Bounds memory: garbage that looks like the wire format names any number of schemas. */
const MAX_KNOWN = 10_000
/** The same in bytes: the code of one schema may have megabytes. */
const MAX_KNOWN_BYTES = 64 * 2 ** 20
/** What a schema takes beside its code and its sentences. */
const KNOWN_BYTES = 1000
const MAX_TYPES = 20
/** Schemas that are reported; further ones show in the details of rejected rows only. */
const MAX_REPORTED = 100
/** A schema that could not be used is fetched again after this time: it may have been corrected. */
const ASK_AGAIN_MS = 300_000

/** Where schemas are fetched, and where sentences on them go. */
export interface SchemaSource {
  /** Null without a registry. */
  fetch: ((key: SchemaKey) => Promise<KnownSchema>) | null
  /** Whether records of all types are read. */
  isAnyType: boolean
  /** Receives sentences on a schema: what is not applied or not in its data, or may be of another type. */
  onSchema: (message: string) => void
}

/** The schemas that were asked for, and the function that asks for one. */
export function createSchemas({ fetch, isAnyType, onSchema }: SchemaSource) {
  const known = new Map<SchemaKey, KnownSchema>()
  const reported = new Set<SchemaKey>()
  const types = new Set<string>()
  let bytes = 0
  const learn = async (key: SchemaKey): Promise<void> => {
    if (fetch === null || known.has(key)) return
    const schema = await fetch(key)
    const size = sizeOf(schema)
    if (known.size >= MAX_KNOWN || bytes + size > MAX_KNOWN_BYTES) {
      known.clear()
      bytes = 0
    }
    known.set(key, schema)
    bytes += size
    if (schema.kind === 'unusable') {
      setTimeout(() => {
        if (known.get(key) === schema && known.delete(key)) bytes -= size
      }, ASK_AGAIN_MS).unref()
    }
    const found = [noteOn(schema), isAnyType ? noteOnTypes(schema, types) : null]
    const notes = found.filter((note) => note !== null)
    if (notes.length === 0 || reported.has(key) || reported.size >= MAX_REPORTED) return
    reported.add(key)
    notes.forEach(onSchema)
  }
  return { known, learn }
}

/** The bytes that a schema takes; code is held as text and compiled. */
function sizeOf(schema: KnownSchema): number {
  if (schema.kind === 'avro') return KNOWN_BYTES + 4 * (schema.decode.codeSize ?? 0)
  return KNOWN_BYTES + (schema.kind === 'unusable' ? 2 * schema.why.length : 0)
}

function noteOn(schema: KnownSchema): string | null {
  if (schema.kind === 'unusable') {
    return `messages are rejected as incompatible-schema: ${schema.why}`
  }
  if (schema.kind === 'avro') return absentNote(schema.name, schema.decode)
  if (schema.kind === 'json') return null
  return (
    `messages of record type "${schema.recordType}" (${schema.name}) are left out: --record-type does ` +
    'not name it'
  )
}

/** A sentence on columns that a schema of Avro lacks; null where it has them all. */
export const absentNote = (name: string, { absent = [] }: DecodeRow): string | null =>
  absent.length === 0
    ? null
    : `${name} lacks columns, and what depends on them is not in the data: ${absent.join(', ')}`

/** Records of several types may be sessions, or the same ones twice. */
function noteOnTypes(schema: KnownSchema, types: Set<string>): string | null {
  const { recordType = null } = schema.kind === 'unusable' ? {} : schema
  if (recordType === null || types.has(recordType) || types.size >= MAX_TYPES) return null
  types.add(recordType)
  if (types.size === 1) return null
  const names = [...types].map((name) => `"${name}"`).join(' and ')
  return `messages of the record types ${names} are applied; --record-type names those to read`
}
