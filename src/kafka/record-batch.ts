// Kafka's record batches (magic 2): header, checksum, compression, and one record after another.
//
// The layout is that of the protocol guide, "Record Batch". Nothing here reads beyond the bytes it
// was given; what does not fit is a `BatchFault`, because a batch that cannot be read has no end.
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { decompressFrameSync } from 'lz4-napi'
import { compressionsAlgorithmsByBitmask } from './client.ts'

/** Bytes before the records. */
const HEADER_BYTES = 61
/** Offset and length come before what the length counts. */
const PREFIX_BYTES = 12
/** The checksum covers everything from the attributes on. */
const ATTRIBUTES_AT = 21
const [GZIP, SNAPPY, LZ4, ZSTD] = [1, 2, 3, 4] as const
/** The broker's time stands for that of every record. */
const STAMPED = 0b001000
const TRANSACTIONAL = 0b010000
const CONTROL = 0b100000
/** Rows of any format shrink to a tenth, seldom to a thirtieth: what unpacks to more is a bomb. */
const MOST_UNPACKED_TIMES = 64
/** Brokers take batches of 1 MiB unless told otherwise: smaller ones may be as large unpacked. */
const LEAST_LIMIT_BYTES = MOST_UNPACKED_TIMES * 2 ** 20
const U32 = 2 ** 32

/** Header of a batch, and where its records lie. */
export interface RecordBatch {
  baseOffset: number
  lastOffset: number
  leaderEpoch: number
  /** -1 outside of transactions. */
  producerId: number
  transactional: boolean
  control: boolean
  codec: number
  records: number
  /** Every record has the time `maxTimestampMs`: that of the broker, not of its producer. */
  stamped: boolean
  baseTimestampMs: number
  maxTimestampMs: number
  /** First and last byte (exclusive) of the whole batch in the bytes it was read from. */
  from: number
  to: number
}

/** What is wrong with a batch, in words. */
export type BatchFault = string

/** The batch at `from`, null when its end is not there (a broker may cut the last one off). */
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

/** Null for a batch that is whole and of the version that is understood. */
export function checkBatch(bytes: Buffer, { from, to, records }: RecordBatch): BatchFault | null {
  const magic = bytes[from + 16]
  if (magic !== 2) return `message format ${magic} (expected 2, as written since Kafka 0.11)`
  if (to - from < HEADER_BYTES || records < 0) return 'a length that cannot be'
  const checksum = crc32c(bytes.subarray(from + ATTRIBUTES_AT, to))
  return checksum === bytes.readUInt32BE(from + 17) ? null : 'a checksum that does not match'
}

/** True for the marker that aborts its producer's transaction; false for one that commits it. */
export const isAbortMarker = (cursor: RecordCursor): boolean =>
  cursor.keyTo - cursor.keyFrom >= 4 && cursor.bytes.readInt16BE(cursor.keyFrom + 2) === 0

/** Where one is among the records of a batch. */
export interface RecordCursor {
  bytes: Buffer
  at: number
  to: number
  left: number
  baseOffset: number
  /** Added to what each record says; times 0 where all have the broker's. */
  baseTimestampMs: number
  timestampScale: 0 | 1
  offset: number
  timestampMs: number
  /** -1 for a record without key. */
  keyFrom: number
  keyTo: number
  /** -1 for a record without value. */
  valueFrom: number
  valueTo: number
}

/** A cursor before the first record of a batch, unpacked where need be. */
export function openRecords(bytes: Buffer, batch: RecordBatch): RecordCursor | BatchFault {
  let records = bytes
  let [at, to] = [batch.from + HEADER_BYTES, batch.to]
  if (batch.codec !== 0) {
    try {
      records = unpack(batch.codec, bytes.subarray(at, to))
    } catch (error) {
      return `records that do not unpack (${error instanceof Error ? error.message : 'unknown'})`
    }
    ;[at, to] = [0, records.length]
  }
  const { baseOffset, stamped } = batch
  const baseTimestampMs = stamped ? batch.maxTimestampMs : batch.baseTimestampMs
  const times = { baseTimestampMs, timestampScale: stamped ? (0 as const) : (1 as const) }
  const none = { offset: -1, timestampMs: 0, keyFrom: -1, keyTo: -1, valueFrom: -1, valueTo: -1 }
  return { bytes: records, at, to, left: batch.records, baseOffset, ...times, ...none }
}

function unpack(codec: number, packed: Buffer): Buffer {
  const maxOutputLength = Math.max(LEAST_LIMIT_BYTES, MOST_UNPACKED_TIMES * packed.length)
  if (codec === GZIP) return gunzipSync(packed, { maxOutputLength })
  if (codec === ZSTD) return zstdDecompressSync(packed, { maxOutputLength })
  if (codec !== SNAPPY && codec !== LZ4) throw new Error(`codec ${codec} is not known`)
  // The client's own LZ4 is WebAssembly, at half the speed.
  const unpackAll =
    codec === LZ4 ? decompressFrameSync : compressionsAlgorithmsByBitmask[codec].decompressSync
  const unpacked = unpackAll(packed)
  if (unpacked.length > maxOutputLength) throw new Error('they are too large')
  return unpacked
}

/**
 * Goes to the next record.
 *
 * @returns 1 there is one, 0 the batch is at its end, -1 its bytes make no record
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
  if (!(cursor.valueTo <= end)) return -1
  // Headers are of no use here.
  cursor.at = end
  return 1
}

/** A zigzag varint; NaN where the bytes end within it. */
function readVarint(cursor: Pick<RecordCursor, 'bytes' | 'at' | 'to'>): number {
  const { bytes, to } = cursor
  let at = cursor.at
  let byte = at < to ? bytes[at++] : 256
  if (byte < 128) {
    cursor.at = at
    return (byte >>> 1) ^ -(byte & 1)
  }
  let value = byte & 127
  let scale = 128
  do {
    byte = at < to ? bytes[at++] : 256
    value += (byte & 127) * scale
    scale *= 128
  } while (byte > 127 && byte < 256 && scale < 2 ** 63)
  cursor.at = at
  if (byte > 127) return NaN
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** A big-endian int64; offsets, times and identities are far below 2^53. */
export const readInt64 = (bytes: Buffer, at: number): number =>
  bytes.readInt32BE(at) * U32 + bytes.readUInt32BE(at + 4)

/** The text of a header that begins behind a record's value; null when there is none of the name. */
export function headerOf(bytes: Buffer, valueTo: number, name: string): string | null {
  const cursor = { bytes, at: valueTo, to: bytes.length }
  const count = readVarint(cursor)
  for (let i = 0; i < count; i++) {
    const key = readText(cursor)
    const value = readText(cursor)
    if (key === null || key === name) return value
  }
  return null
}

function readText(cursor: Pick<RecordCursor, 'bytes' | 'at' | 'to'>): string | null {
  const length = readVarint(cursor)
  if (!(length >= 0 && cursor.at + length <= cursor.to)) return null
  cursor.at += length
  return cursor.bytes.toString('utf8', cursor.at - length, cursor.at)
}
