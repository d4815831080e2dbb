// Messages of one partition, decoded into columns, with references to their bytes.
import { REASONS, UNREADABLE, type RawRows } from '../../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import { TO_MS } from '../../../src/record/duration-unit.ts'
import { VOLUME_BYTES, VOLUME_PLACES } from '../../../src/record/formats/volume-unit.ts'
import type { SourceUnits } from '../../../src/record/source-units.ts'
import { DECODED, WAITING, type MessageFormat } from './message-format.ts'
import { headersOf, type Header } from '../../../src/kafka/headers.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'

const NO_VALUE = 1 + REASONS.indexOf('no-value')

/** Decoded messages, by row. */
export interface MessageRows extends RawRows {
  capacity: number
  /** Offset in the log. */
  offset: Float64Array
  /** Kafka's timestamp (UTC ms). */
  timestampMs: Float64Array
  /** `DECODED`, `OTHER_TYPE`, or 1 + the index in `REASONS`. */
  outcome: Int8Array
  /** 1 where the duration is of a type with a unit, and in milliseconds already. */
  ownUnit: Uint8Array
  /** 1 where a text is in another format than was decided. */
  contradicts: Uint8Array
  /** First and last byte (exclusive) of key and value; -1 for none. */
  keyFrom: Int32Array
  keyTo: Int32Array
  valueFrom: Int32Array
  valueTo: Int32Array
  /** The buffer that these bytes are in. */
  bytes: Buffer[]
  /** As `MessageFormat.lacking`. */
  lacking: Int32Array
  /** Why rows were rejected, by row; only where there is more to it than the reason. */
  details: Map<number, string>
}

/** Where a message is. */
export type MessagePlaces = Pick<
  RecordCursor,
  'bytes' | 'offset' | 'timestampMs' | 'keyFrom' | 'keyTo' | 'valueFrom' | 'valueTo'
>

/** Creates room for `capacity` messages. */
export function createMessageRows(capacity: number): MessageRows {
  // Avro and JSON may both hold text where a number is expected.
  const columns = USED_COLUMNS.map(() => {
    return { values: new Float64Array(capacity), text: true, isScaled: false }
  })
  const rows: MessageRows = {
    capacity,
    count: 0,
    columns,
    offset: new Float64Array(capacity),
    timestampMs: new Float64Array(capacity),
    outcome: new Int8Array(capacity),
    ownUnit: new Uint8Array(capacity),
    contradicts: new Uint8Array(capacity),
    keyFrom: new Int32Array(capacity),
    keyTo: new Int32Array(capacity),
    valueFrom: new Int32Array(capacity),
    valueTo: new Int32Array(capacity),
    bytes: [],
    lacking: new Int32Array(capacity),
    details: new Map(),
    raw: (i) => rawMessage(rows, i),
  }
  return rows
}

/**
 * Adds the message at a cursor. Returns false, adding nothing, when its schema is not known yet.
 */
export function addMessage(
  rows: MessageRows,
  values: readonly Float64Array[],
  cursor: MessagePlaces,
  format: MessageFormat,
): boolean {
  const row = rows.count
  const { bytes, valueFrom, valueTo } = cursor
  const contradicting = format.texts.contradicting
  const outcome = valueFrom < 0 ? NO_VALUE : format.decode(bytes, valueFrom, valueTo, values, row)
  if (outcome === WAITING) return false
  rows.outcome[row] = outcome
  if (outcome > DECODED && valueFrom >= 0) rows.details.set(row, format.detail())
  rows.lacking[row] = format.lacking()
  rows.ownUnit[row] = format.hasOwnUnit() ? 1 : 0
  rows.contradicts[row] = format.texts.contradicting > contradicting ? 1 : 0
  rows.offset[row] = cursor.offset
  rows.timestampMs[row] = cursor.timestampMs
  rows.keyFrom[row] = cursor.keyFrom
  rows.keyTo[row] = cursor.keyTo
  rows.valueFrom[row] = valueFrom
  rows.valueTo[row] = valueTo
  rows.bytes[row] = bytes
  rows.count++
  return true
}

/** Converts durations to milliseconds and volumes to bytes. */
export function scaleRows(rows: MessageRows, { durationUnit, volumeUnit }: SourceUnits): void {
  const { times, per } = TO_MS[durationUnit]
  if (durationUnit !== 'ms') scale(rows, PLACE.duration, times, per)
  for (const place of VOLUME_PLACES) {
    rows.columns[place].isScaled = volumeUnit !== 'bytes'
    if (volumeUnit !== 'bytes') scale(rows, place, VOLUME_BYTES[volumeUnit], 1)
  }
}

function scale(rows: MessageRows, place: number, times: number, per: number): void {
  const { values } = rows.columns[place]
  const { outcome, ownUnit } = rows
  for (let i = 0; i < rows.count; i++) {
    if (outcome[i] !== DECODED || (place === PLACE.duration && ownUnit[i] === 1)) continue
    // The value that marks text without a number is kept.
    if (values[i] > UNREADABLE) values[i] = (values[i] * times) / per
  }
}

/**
 * Bytes that are kept of the key and of the value of a rejected message, and of its headers. Brokers
 * bound what is compressed only: zeros of 256 MiB have 8 KiB.
 */
export const MOST_RAW_BYTES = 16 * 2 ** 20

/** Key and value unchanged up to MOST_RAW_BYTES each, and Kafka's timestamp. */
function rawMessage(rows: MessageRows, i: number): string {
  const { bytes, keyFrom, keyTo, valueFrom, valueTo, timestampMs } = rows
  const base64 = (from: number, to: number): string | null =>
    from < 0 ? null : bytes[i].toString('base64', from, Math.min(to, from + MOST_RAW_BYTES))
  return JSON.stringify({
    key: base64(keyFrom[i], keyTo[i]),
    value: base64(valueFrom[i], valueTo[i]),
    timestampMs: timestampMs[i],
    ...headersIn(rows, i),
  } satisfies RawMessage)
}

/** Bytes of the names and values of headers. */
export const headerBytes = (headers: readonly Header[]): number =>
  headers.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0)

function headersIn({ bytes, valueTo }: MessageRows, i: number): Pick<RawMessage, 'headers'> {
  const headers = headersOf(bytes[i], valueTo[i])
  if (headers.length === 0 || headerBytes(headers) > MOST_RAW_BYTES) return {}
  return { headers: headers.map(([name, value]) => [name, value?.toString('base64') ?? null]) }
}

/** A rejected message as it is stored. */
export interface RawMessage {
  /** Base64; null for a message without key. */
  key: string | null
  /** Base64; null for a message without value. */
  value: string | null
  timestampMs: number
  /** Names, and values in base64 or null; absent where there are none, and in former versions. */
  headers?: [name: string, value: string | null][]
}
