// Messages of one partition, decoded into columns, with references to their bytes.
import { REASONS, type RawRows } from '../../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import { TO_MS, type Unit } from '../../../src/record/duration-unit.ts'
import { DECODED, WAITING, type MessageFormat } from './message-format.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'

const NO_VALUE = 1 + REASONS.indexOf('no-value')

/** Decoded messages, by row. */
export interface MessageRows extends RawRows {
  capacity: number
  /** Offset in the log. */
  offset: Float64Array
  /** Kafka's timestamp (UTC ms). */
  timestampMs: Float64Array
  /** `DECODED`, or 1 + the index in `REASONS`. */
  outcome: Int8Array
  /** 1 where the duration is of a type with a unit, and in milliseconds already. */
  ownUnit: Uint8Array
  /** First and last byte (exclusive) of key and value; -1 for none. */
  keyFrom: Int32Array
  keyTo: Int32Array
  valueFrom: Int32Array
  valueTo: Int32Array
  /** The buffer that these bytes are in. */
  bytes: Buffer[]
}

/** Creates room for `capacity` messages. */
export function createMessageRows(capacity: number): MessageRows {
  // Avro and JSON may both hold text where a number is expected.
  const columns = USED_COLUMNS.map(() => ({ values: new Float64Array(capacity), text: true }))
  const rows: MessageRows = {
    capacity,
    count: 0,
    columns,
    offset: new Float64Array(capacity),
    timestampMs: new Float64Array(capacity),
    outcome: new Int8Array(capacity),
    ownUnit: new Uint8Array(capacity),
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
 * Adds the message at a cursor. Returns false, adding nothing, when its schema is not known yet.
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
  rows.ownUnit[row] = format.hasOwnUnit() ? 1 : 0
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

/** Converts durations of a unit to milliseconds. */
export function scaleDurations(rows: MessageRows, unit: Unit): void {
  const { times, per } = TO_MS[unit]
  const { values } = rows.columns[PLACE.duration]
  // The value that marks text without a number is kept.
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] !== DECODED || rows.ownUnit[i] === 1) continue
    if (values[i] > -Number.MAX_VALUE) {
      values[i] = (values[i] * times) / per
    }
  }
}

/** Key and value unchanged, and Kafka's timestamp. */
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

/** A rejected message as it is stored. */
export interface RawMessage {
  /** Base64; null for a message without key. */
  key: string | null
  /** Base64; null for a message without value. */
  value: string | null
  timestampMs: number
}
