// A batch of messages of one partition, decoded into columns; their bytes stay at hand.
import { FIRST_AMOUNT, REASONS, type RawRows } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { DECODED, WAITING, type MessageFormat } from './message-format.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'

const NO_VALUE = 1 + REASONS.indexOf('no-value')

export interface MessageRows extends RawRows {
  capacity: number
  offset: Float64Array
  /** Kafka's timestamp of each message. */
  timestampMs: Float64Array
  /** By row: DECODED, or 1 + the place in REASONS. */
  outcome: Int8Array
  keyFrom: Int32Array
  keyTo: Int32Array
  valueFrom: Int32Array
  valueTo: Int32Array
  /** What the places above are places in, by row. */
  bytes: Buffer[]
}

/** Room for a batch of up to `capacity` messages. */
export function createMessageRows(capacity: number): MessageRows {
  // Avro and JSON both may hold text where a number is expected.
  const columns = USED_COLUMNS.map(() => ({ values: new Float64Array(capacity), text: true }))
  const rows: MessageRows = {
    capacity,
    count: 0,
    columns,
    offset: new Float64Array(capacity),
    timestampMs: new Float64Array(capacity),
    outcome: new Int8Array(capacity),
    keyFrom: new Int32Array(capacity),
    keyTo: new Int32Array(capacity),
    valueFrom: new Int32Array(capacity),
    valueTo: new Int32Array(capacity),
    bytes: [],
    raw: (i) => rawMessage(rows, i),
  }
  return rows
}

/**
 * Adds the message at a cursor.
 *
 * @returns false when its schema is not known yet: then nothing was added
 */
export function addMessage(
  rows: MessageRows,
  values: readonly Float64Array[],
  cursor: RecordCursor,
  format: MessageFormat,
): boolean {
  const row = rows.count
  const { bytes, valueFrom, valueTo } = cursor
  const outcome = valueFrom < 0 ? NO_VALUE : format.decode(bytes, valueFrom, valueTo, values, row)
  if (outcome === WAITING) return false
  rows.outcome[row] = outcome
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

/** Durations that were seconds become milliseconds. */
export function scaleDurations(rows: MessageRows): void {
  const { values } = rows.columns[FIRST_AMOUNT]
  // What marks text that is no number stays the mark.
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] === DECODED && values[i] > -Number.MAX_VALUE) values[i] *= 1000
  }
}

/** Key and value as they came, and Kafka's timestamp. */
function rawMessage(rows: MessageRows, i: number): string {
  const { bytes, keyFrom, keyTo, valueFrom, valueTo, timestampMs } = rows
  const base64 = (from: number, to: number): string | null =>
    from < 0 ? null : bytes[i].toString('base64', from, to)
  return JSON.stringify({
    key: base64(keyFrom[i], keyTo[i]),
    value: base64(valueFrom[i], valueTo[i]),
    timestampMs: timestampMs[i],
  } satisfies RawMessage)
}

/** A rejected message as it is kept. */
export interface RawMessage {
  /** Base64; null for none. */
  key: string | null
  value: string | null
  timestampMs: number
}
