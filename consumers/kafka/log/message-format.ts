// The format of message values: Avro with a registry's schemas, Avro with one schema, or JSON.
import { compileAvro, type DecodeRow } from '../../../src/record/decode/avro.ts'
import { REASONS, type Reason } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { compileJson } from '../../../src/record/decode/json.ts'
import { canonicalName } from '../../../src/record/column-names.ts'
import { PulseError } from '../../../src/errors.ts'
import type { RegisteredSchema, SchemaRegistry } from '../../../src/kafka/schema-registry.ts'

/** How values are decoded. */
export interface FormatOptions {
  /** `auto` decodes a value that begins with a brace as JSON, and any other as Avro. */
  format: 'auto' | 'avro' | 'json'
  /** Null for Avro without schema ids. */
  registry: SchemaRegistry | null
  /** The writer's schema of Avro without schema ids. */
  schema: unknown
  /** IANA name of the zone of times without one. */
  timeZone: string
}

/** Outcome of a value that was decoded; 1 + the index in `REASONS` for one that is rejected. */
export const DECODED = 0
/** Outcome of a value whose schema is not known yet. */
export const WAITING = -1

/** Decodes values, and fetches the schemas that they need. */
export interface MessageFormat {
  /** Decodes `bytes[from, to)` into row `row` of the columns; returns the outcome. */
  decode(
    bytes: Buffer,
    from: number,
    to: number,
    columns: readonly Float64Array[],
    row: number,
  ): number
  /** Whether the duration decoded last is of a type with a unit, hence in milliseconds. */
  hasOwnUnit(): boolean
  /** Id of the schema that the last `WAITING` waits for. */
  wanted(): number
  /** Fetches a schema, however long it takes; after that its rows are decoded or rejected. */
  learn(id: number): Promise<void>
}

const rejection = (reason: Reason): number => 1 + REASONS.indexOf(reason)
const MALFORMED = rejection('malformed')
const INCOMPATIBLE = rejection('incompatible-schema')
/** Confluent's wire format: 0, the schema id as a big-endian int32, the body. */
const WIRE_HEADER_BYTES = 5
const BRACE = 0x7b

/** Bounds memory: garbage that looks like the wire format names any number of schemas. */
const MAX_KNOWN = 10_000
/** A schema that could not be used is fetched again after this time: it may have been corrected. */
const ASK_AGAIN_MS = 300_000

/**
 * Creates a format; each decoder is compiled once.
 *
 * @throws PulseError `input-column` when `schema` lacks a needed column
 */
export function createFormat(options: FormatOptions): MessageFormat {
  const { format, registry, timeZone } = options
  const json = compileJson({ timeZone })
  const raw = registry === null ? compileAvro(options.schema, { timeZone }) : null
  /** By schema id; null for a schema whose rows are rejected. */
  const known = new Map<number, DecodeRow | null>()
  let wanted = -1
  let ownUnit = false
  return {
    wanted: () => wanted,
    hasOwnUnit: () => ownUnit,
    decode(bytes, from, to, columns, row) {
      if (format === 'json' || (format === 'auto' && bytes[from] === BRACE)) {
        ownUnit = false
        return json(bytes, from, to, columns, row) ? DECODED : MALFORMED
      }
      if (raw !== null) {
        ownUnit = raw.ownDuration === true
        return raw(bytes, from, to, columns, row) ? DECODED : MALFORMED
      }
      if (to - from < WIRE_HEADER_BYTES || bytes[from] !== 0) return MALFORMED
      const id = bytes.readInt32BE(from + 1)
      const decode = known.get(id)
      if (decode === undefined) {
        wanted = id
        return WAITING
      }
      if (decode === null) return INCOMPATIBLE
      ownUnit = decode.ownDuration === true
      return decode(bytes, from + WIRE_HEADER_BYTES, to, columns, row) ? DECODED : MALFORMED
    },
    async learn(id) {
      if (registry === null || known.has(id)) return
      if (known.size >= MAX_KNOWN) known.clear()
      const decode = await compileRegistered(registry, id, timeZone)
      known.set(id, decode)
      if (decode === null) setTimeout(() => known.delete(id), ASK_AGAIN_MS).unref()
    },
  }
}

async function compileRegistered(
  registry: SchemaRegistry,
  id: number,
  timeZone: string,
): Promise<DecodeRow | null> {
  const found = await registry.byId(id)
  if (found === null || found.type !== 'AVRO' || found.hasReferences) return null
  const decode = tryCompile(found, { timeZone })
  if (decode !== null && hasEveryColumn(found.schema)) return decode
  // A later version of the subject may name the fields of this one as aliases.
  const latest = await registry.latestOfSubject(id)
  if (latest === null) return decode
  return tryCompile(found, { timeZone, renames: renamesOf(latest.schema) }) ?? decode
}

/** False when any column, also one that may be absent, has no known name: it may be renamed. */
function hasEveryColumn(schema: unknown): boolean {
  const known = new Set(
    fieldsOf(schema).flatMap(({ name, aliases }) =>
      [name, ...(Array.isArray(aliases) ? (aliases as unknown[]) : [])].map((one) =>
        canonicalName(String(one)),
      ),
    ),
  )
  return USED_COLUMNS.every((column) => known.has(column))
}

/** Null when a needed column is missing, or has a type that holds no number. */
function tryCompile(
  { schema }: RegisteredSchema,
  options: Parameters<typeof compileAvro>[1],
): DecodeRow | null {
  try {
    return compileAvro(schema, options)
  } catch (error) {
    if (error instanceof PulseError) return null
    throw error
  }
}

/** By alias: the present name of a record's field. */
function renamesOf(schema: unknown): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  for (const { name, aliases } of fieldsOf(schema)) {
    if (!Array.isArray(aliases)) continue
    for (const alias of aliases) renames.set(String(alias), String(name))
  }
  return renames
}

interface Field {
  name?: unknown
  aliases?: unknown
}

function fieldsOf(schema: unknown): Field[] {
  const fields = (schema as { fields?: unknown } | null)?.fields
  return Array.isArray(fields) ? (fields as Field[]) : []
}
