// Kafka's record batches (magic 2): header, checksum, compression, and one record after another.
//
// Layout: Kafka protocol guide, "Record Batch". Nothing here reads beyond the bytes it is given. A
// batch that does not fit into them is a `BatchFault`: its end, and so the next batch, is unknown.
import { crc32c } from '@node-rs/crc32'
import { messageOf } from '../errors.ts'
import type { Room } from './unpack/room.ts'
import { unpack } from './unpack/unpack.ts'
import { readVarint, type RecordBytes } from './varint.ts'

/** Size of the header before the records. */
const HEADER_BYTES = 61
/** Base offset and length, which the length does not count. */
const PREFIX_BYTES = 12
/** The checksum covers everything from the attributes to the end. */
const ATTRIBUTES_AT = 21
/** The broker's append time is the timestamp of every record (`LogAppendTime`). */
const STAMPED = 0b001000
const TRANSACTIONAL = 0b010000
const CONTROL = 0b100000
const U32 = 2 ** 32
/** A float64 holds every offset below. */
const LAST_OFFSET = 2 ** 53

/** The header of a batch, and where its records are. */
export interface RecordBatch {
  baseOffset: number
  lastOffset: number
  leaderEpoch: number
  /** -1 for a producer that is neither idempotent nor transactional. */
  producerId: number
  /** The batch belongs to a transaction. */
  transactional: boolean
  /** The batch holds a commit or abort marker instead of records. */
  control: boolean
  /** Compression: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  codec: number
  /** Number of records. */
  records: number
  /** Every record has the timestamp `maxTimestampMs`: the broker's, not the producer's. */
  stamped: boolean
  baseTimestampMs: number
  maxTimestampMs: number
  /** First and last byte (exclusive) of the whole batch in the bytes it was read from. */
  from: number
  to: number
}

/** What is wrong with a batch: the end of a sentence that begins with "the batch has". */
export type BatchFault = string

/** Reads the header at `from`; null when the batch is incomplete, as the last one often is. */
export function readBatch(bytes: Buffer, from: number, to: number): RecordBatch | null {
  if (to - from < HEADER_BYTES) return null
  const end = from + PREFIX_BYTES + bytes.readInt32BE(from + 8)
  if (end > to) return null
  const attributes = bytes.readInt16BE(from + ATTRIBUTES_AT)
  const baseOffset = readInt64(bytes, from)
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(from + 23),
    leaderEpoch: bytes.readInt32BE(from + 12),
    producerId: readInt64(bytes, from + 43),
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    codec: attributes & 0b111,
    stamped: (attributes & STAMPED) !== 0,
    records: bytes.readInt32BE(from + 57),
    baseTimestampMs: readInt64(bytes, from + 27),
    maxTimestampMs: readInt64(bytes, from + 35),
    from,
    to: end,
  }
}

/** Checks version, length, offsets and checksum of a batch; returns null when all are right. */
export function checkBatch(bytes: Buffer, batch: RecordBatch): BatchFault | null {
  const { from, to, records, baseOffset, lastOffset } = batch
  const magic = bytes[from + 16]
  if (magic !== 2) return `message format ${magic} (expected 2, as written since Kafka 0.11)`
  if (to - from < HEADER_BYTES || records < 0) return 'an impossible length'
  const checksum = crc32c(bytes.subarray(from + ATTRIBUTES_AT, to))
  if (checksum !== bytes.readUInt32BE(from + 17)) return 'a checksum that does not match'
  const isOrdered = baseOffset >= 0 && lastOffset >= baseOffset && lastOffset < LAST_OFFSET
  return isOrdered ? null : 'impossible offsets'
}

/** True for a marker that aborts its producer's transaction; false for one that commits it. */
export const isAbortMarker = (cursor: RecordCursor): boolean =>
  cursor.keyTo - cursor.keyFrom >= 4 && cursor.bytes.readInt16BE(cursor.keyFrom + 2) === 0

/** A place among the records of a batch, and the record that was read last. */
export interface RecordCursor extends RecordBytes {
  /** Records that follow. */
  left: number
  baseOffset: number
  /** The last offset that a record of the batch may have. */
  lastOffset: number
  /** A record's timestamp is this plus its own delta, times 0 where all have the broker's. */
  baseTimestampMs: number
  timestampScale: 0 | 1
  /** Offset, timestamp, key and value of the record that was read last. */
  offset: number
  timestampMs: number
  /** -1 for a record without key. */
  keyFrom: number
  keyTo: number
  /** -1 for a record without value. */
  valueFrom: number
  valueTo: number
}

/** Returns a cursor before the first record of a batch, decompressed if needed. */
export function openRecords(
  bytes: Buffer,
  batch: RecordBatch,
  room: Room | null = null,
): RecordCursor | BatchFault {
  let records = bytes
  let [at, to] = [batch.from + HEADER_BYTES, batch.to]
  if (batch.codec !== 0) {
    try {
      records = unpack(batch.codec, bytes.subarray(at, to), room)
    } catch (error) {
      return `records that do not decompress (${messageOf(error)})`
    }
    ;[at, to] = [0, records.length]
  }
  const { baseOffset, lastOffset, stamped } = batch
  const baseTimestampMs = stamped ? batch.maxTimestampMs : batch.baseTimestampMs
  const times = { baseTimestampMs, timestampScale: stamped ? (0 as const) : (1 as const) }
  const none = { offset: -1, timestampMs: 0, keyFrom: -1, keyTo: -1, valueFrom: -1, valueTo: -1 }
  return { bytes: records, at, to, left: batch.records, baseOffset, lastOffset, ...times, ...none }
}

/**
 * Reads the next record.
 *
 * @returns 1 for a record, 0 at the end of the batch, -1 when the bytes are not a record
 */
export function nextRecord(cursor: RecordCursor): 1 | 0 | -1 {
  if (cursor.left === 0) return 0
  cursor.left--
  const length = readVarint(cursor)
  const end = cursor.at + length
  if (length < 0 || end > cursor.to) return -1
  cursor.at++
  cursor.timestampMs = cursor.baseTimestampMs + readVarint(cursor) * cursor.timestampScale
  cursor.offset = cursor.baseOffset + readVarint(cursor)
  const keyLength = readVarint(cursor)
  cursor.keyFrom = keyLength < 0 ? -1 : cursor.at
  cursor.keyTo = cursor.at += Math.max(0, keyLength)
  const valueLength = readVarint(cursor)
  cursor.valueFrom = valueLength < 0 ? -1 : cursor.at
  cursor.valueTo = cursor.at + Math.max(0, valueLength)
  // The number of headers follows the value. A number that does not end is NaN, and fails as well.
  if (!(cursor.valueTo < end && cursor.timestampMs > -Infinity)) return -1
  if (!(cursor.offset >= cursor.baseOffset && cursor.offset <= cursor.lastOffset)) return -1
  // The headers are skipped.
  cursor.at = end
  return 1
}

/** Reads a big-endian int64; offsets, timestamps and producer ids are far below 2^53. */
export const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * U32 + bytes.readUInt32BE(at + 4)
