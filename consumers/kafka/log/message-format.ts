// The format of message values: Avro or JSON, with a registry's schemas, with one schema, or without.
import type { DecodeRow } from '../../../src/record/decode/avro.ts'
import { outcomeOf } from '../../../src/record/batch.ts'
import { compileJson } from '../../../src/record/decode/json.ts'
import { noteVolume } from '../../../src/record/formats/volume-question.ts'
import { createTextReading, type TextReading } from '../../../src/record/decode/text-reading.ts'
import { jsonFault } from '../../../src/record/decode/json-fault.ts'
import { createHeaderReader, FRAME_BYTES, frameKey } from '../../../src/kafka/schema-key.ts'
import type { SchemaKey } from '../../../src/kafka/schema-registry.ts'
import { compileRaw, type FormatOptions } from './format-options.ts'
import { guarded, type Decode } from './guarded-decode.ts'
import { absentNote, createSchemas } from './known-schemas.ts'
import { fetchSchema } from './registered-decoder.ts'
import { frameFault, isObject, nullFault, rawFault } from './value-shape.ts'

/** Outcome of a value that was decoded; 1 + the index in `REASONS` for one that is rejected. */
export const DECODED = 0
/** Outcome of a value whose schema is not known yet. */
export const WAITING = -1
/** Outcome of a value of a record type that `recordTypes` does not name. */
export const OTHER_TYPE = -2

/** Decodes values, and fetches the schemas that they need. */
export interface MessageFormat {
  /** Decodes a value into a row of columns; returns the outcome. */
  decode: Decode
  /** How texts are read, and what they show. */
  texts: TextReading
  /** Whether the duration decoded last is of a type with a unit, hence in milliseconds. */
  hasOwnUnit(): boolean
  /**
   * Of the value decoded last, if it is JSON: a bit for each column that is required and that it does
   * not name; also where it is rejected because it has no known column. -1 for Avro, whose schema has
   * all of them.
   */
  lacking(): number
  /** Why the value decoded last was rejected, without any of its values. */
  detail(): string
  /** Key of the schema that the last `WAITING` waits for. */
  wanted(): SchemaKey
  /** Fetches a schema, however long it takes; after that its rows are decoded or rejected. */
  learn(key: SchemaKey): Promise<void>
}

type DecodeBody = (key: SchemaKey, ...body: Parameters<Decode>) => number

const MALFORMED = outcomeOf('malformed')
const INCOMPATIBLE = outcomeOf('incompatible-schema')
const NO_VALUE = outcomeOf('no-value')
const NO_TYPE = 'JSON: the message names no schema, so it has no record type for --record-type'

/**
 * Creates a format; each decoder is compiled once.
 *
 * @throws PulseError `input-column` when `schema` lacks a needed column
 */
export function createFormat(options: FormatOptions): MessageFormat {
  const { format, registry, onSchema } = options
  const { recordTypes = [] } = options.source
  const texts = createTextReading(options.timeZone)
  const last = createLast(texts)
  const raw = registry === null ? compileRaw(options, texts) : null
  const note = raw === null ? null : absentNote('the schema of --schema', raw)
  if (note !== null) onSchema(note)
  const headerKey = createHeaderReader()
  const decodeJson = createJsonDecoder(options, last, texts)
  const { decodeBody, learn } = createBodyDecoder(options, decodeJson, last, texts)
  return {
    texts,
    wanted: () => last.wanted,
    hasOwnUnit: () => last.ownUnit,
    lacking: () => last.lacking,
    detail: () => last.detail,
    decode: guarded(last, onSchema, (bytes, from, to, columns, row) => {
      last.lacking = -1
      last.schema = ''
      if (format === 'json') {
        const body = bytes[from] === 0 ? Math.min(to, from + FRAME_BYTES) : from
        return decodeJson(bytes, body, to, columns, row)
      }
      if (registry !== null) {
        const key = bytes[to] === 0 ? null : headerKey(bytes, to)
        if (key !== null) return decodeBody(key, bytes, from, to, columns, row)
      }
      if (format === 'auto' && isObject(bytes, from, to)) {
        if (recordTypes.length > 0) return last.reject(INCOMPATIBLE, NO_TYPE)
        return decodeJson(bytes, from, to, columns, row)
      }
      const isFramed = to - from >= FRAME_BYTES && bytes[from] === 0
      const body = from + FRAME_BYTES
      if (raw !== null) {
        // A frame of JSON Schema is readable without its schema.
        if (isFramed && format === 'auto' && isObject(bytes, body, to)) {
          const outcome = decodeJson(bytes, body, to, columns, row)
          if (outcome !== MALFORMED) return outcome
          last.lacking = -1
        }
        if (last.use(raw)(bytes, from, to, columns, row)) return last.decoded(raw)
        return last.reject(MALFORMED, rawFault(bytes, from, to))
      }
      if (!isFramed) return last.reject(MALFORMED, frameFault(bytes, from, to))
      return decodeBody(frameKey(bytes, from), bytes, body, to, columns, row)
    }),
    learn,
  }
}

/** What is known of the value decoded last. */
type Last = ReturnType<typeof createLast>

function createLast({ volumes }: TextReading) {
  let used: DecodeRow | null = null
  const last = {
    lacking: -1,
    detail: '',
    /** The registered schema that it was decoded with; empty for none. */
    schema: '',
    wanted: -1 as SchemaKey,
    /** Whether the duration has a type with a unit. */
    ownUnit: false,
    reject(outcome: number, why: string): number {
      last.detail = why
      return outcome
    },
    decoded({ nullPath }: DecodeRow): number {
      const path = nullPath?.() ?? null
      return path === null ? DECODED : last.reject(NO_VALUE, nullFault(path))
    },
    /** Notes what a schema of Avro shows of the rows that it is used for. */
    use(decode: DecodeRow): DecodeRow {
      last.ownUnit = decode.ownDuration === true
      if (decode !== used) decode.volumes?.forEach((name) => noteVolume(volumes, name))
      used = decode
      return decode
    },
  }
  return last
}

function createJsonDecoder(
  { source: { mapped } }: FormatOptions,
  last: Last,
  texts: TextReading,
): Decode {
  const json = compileJson(texts, mapped)
  return (bytes, from, to, columns, row) => {
    last.ownUnit = false
    const isRow = json(bytes, from, to, columns, row)
    last.lacking = json.lacking
    return isRow ? last.decoded(json) : last.reject(MALFORMED, jsonFault(bytes, from, to, mapped))
  }
}

/** Decodes bodies whose schemas are in a registry. */
function createBodyDecoder(
  options: FormatOptions,
  decodeJson: Decode,
  last: Last,
  texts: TextReading,
) {
  const { registry, onSchema, source } = options
  const { mapped, recordTypes = [] } = source
  const reading = { texts, mapped, recordTypes }
  const fetch = registry === null ? null : (key: SchemaKey) => fetchSchema(registry, key, reading)
  const isAnyType = recordTypes.length === 0
  const { known, learn } = createSchemas({ fetch, isAnyType, onSchema })
  const decodeBody: DecodeBody = (key, bytes, from, to, columns, row) => {
    const schema = known.get(key)
    if (schema === undefined) {
      last.wanted = key
      return WAITING
    }
    if (schema.kind === 'other-type') return OTHER_TYPE
    if (schema.kind === 'unusable') return last.reject(INCOMPATIBLE, schema.why)
    if (schema.kind === 'json') return decodeJson(bytes, from, to, columns, row)
    const { decode, name } = schema
    last.schema = name
    if (last.use(decode)(bytes, from, to, columns, row)) return last.decoded(decode)
    return last.reject(MALFORMED, `Avro: the body of ${to - from} bytes does not match ${name}`)
  }
  return { decodeBody, learn }
}
