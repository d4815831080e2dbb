// What a message's value is made of: Avro by a registry's schema, Avro by one schema, or JSON.
import { compileAvro, type DecodeRow } from '../../../src/record/decode/avro.ts'
import { REASONS, type Reason } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { compileJson } from '../../../src/record/decode/json.ts'
import { canonicalName } from '../../../src/record/column-names.ts'
import { PulseError } from '../../../src/errors.ts'
import type { RegisteredSchema, SchemaRegistry } from '../../../src/kafka/schema-registry.ts'

export interface FormatOptions {
  format: 'auto' | 'avro' | 'json'
  registry: SchemaRegistry | null
  /** The writer's schema of raw Avro. */
  schema: unknown
  timeZone: string
}

/** What became of a value: decoded, rejected (1 + the place in REASONS), or not decodable yet. */
export const DECODED = 0
export const WAITING = -1

export interface MessageFormat {
  /** Writes one value into row `row` of the columns. */
  decode(
    bytes: Buffer,
    from: number,
    to: number,
    columns: readonly Float64Array[],
    row: number,
  ): number
  /** Schema that the last WAITING waits for. */
  wanted(): number
  /** Asks the registry for a schema, for as long as it takes; then its rows decode or are rejected. */
  learn(id: number): Promise<void>
}

const rejection = (reason: Reason): number => 1 + REASONS.indexOf(reason)
const MALFORMED = rejection('malformed')
const INCOMPATIBLE = rejection('incompatible-schema')
/** Confluent's wire format: a zero, then the schema's id as a big-endian int32, then the body. */
const WIRE_HEADER_BYTES = 5
const BRACE = 0x7b

/** Garbage that looks like the wire format names ever new schemas. */
const MOST_KNOWN = 10_000
const ASK_AGAIN_MS = 300_000

/** A format's decoders, compiled once each. @throws PulseError `input-column` for a useless schema */
export function createFormat(options: FormatOptions): MessageFormat {
  const { format, registry, timeZone } = options
  const json = compileJson({ timeZone })
  const raw = registry === null ? compileAvro(options.schema, { timeZone }) : null
  /** By schema id; null for a schema whose rows are rejected. */
  const known = new Map<number, DecodeRow | null>()
  let wanted = -1
  return {
    wanted: () => wanted,
    decode(bytes, from, to, columns, row) {
      if (format === 'json' || (format === 'auto' && bytes[from] === BRACE)) {
        return json(bytes, from, to, columns, row) ? DECODED : MALFORMED
      }
      if (raw !== null) return raw(bytes, from, to, columns, row) ? DECODED : MALFORMED
      if (to - from < WIRE_HEADER_BYTES || bytes[from] !== 0) return MALFORMED
      const id = bytes.readInt32BE(from + 1)
      const decode = known.get(id)
      if (decode === undefined) {
        wanted = id
        return WAITING
      }
      if (decode === null) return INCOMPATIBLE
      return decode(bytes, from + WIRE_HEADER_BYTES, to, columns, row) ? DECODED : MALFORMED
    },
    async learn(id) {
      if (registry === null || known.has(id)) return
      if (known.size >= MOST_KNOWN) known.clear()
      const decode = await compileRegistered(registry, id, timeZone)
      known.set(id, decode)
      // It may be registered later, or be corrected.
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
  // A later version of the subject may know this one's fields by alias.
  const latest = await registry.latestOfSubject(id)
  if (latest === null) return decode
  return tryCompile(found, { timeZone, renames: renamesOf(latest.schema) }) ?? decode
}

/** False where even a column that may be absent goes by no known name: it may be renamed. */
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

/** Null where a needed column is missing or of a type that holds no number. */
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

/** Alias to present name, of a record's fields. */
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
