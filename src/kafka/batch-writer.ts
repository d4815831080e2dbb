// Record batches (magic 2) that are written: one growing batch per partition.
//
// Layout: Kafka protocol guide, "Record Batch" and "Record".
import { compressionsAlgorithms, crc32c } from './client.ts'
import { writeLong } from './varint.ts'

/** Codecs for record batches. */
export type Compression = 'none' | 'lz4' | 'zstd'

/** Bytes of a record batch before its records. */
const HEADER_BYTES = 61
const CODECS: Readonly<Record<Compression, number>> = { none: 0, lz4: 3, zstd: 4 }
const [ATTRIBUTES_AT, PRODUCER_AT, EPOCH_AT, SEQUENCE_AT] = [21, 43, 51, 53] as const
const CRC_AT = 17
/** The attribute of a batch that belongs to a transaction. */
const TRANSACTIONAL = 0b010000
/** An upper bound of a record's own fields. */
const RECORD_BYTES = 64
/** Initial size of a buffer; buffers double when they are full. */
const INITIAL_BYTES = 64 * 1024

/** A record batch of one partition that is being filled. */
export interface OpenBatch {
  bytes: Buffer
  /** End of the records; they begin after the header. */
  to: number
  records: number
  /** Timestamps of the first and the last record, UTC ms. */
  firstMs: number
  lastMs: number
}

/** A batch without records. */
export const openBatch = (): OpenBatch => ({
  bytes: Buffer.allocUnsafeSlow(INITIAL_BYTES),
  to: HEADER_BYTES,
  records: 0,
  firstMs: 0,
  lastMs: 0,
})

/** Empties a batch and keeps its memory. */
export function clearBatch(batch: OpenBatch): void {
  batch.to = HEADER_BYTES
  batch.records = 0
}

/**
 * Adds a record without headers.
 *
 * @param value null for a tombstone
 */
export function addRecord(
  batch: OpenBatch,
  key: Uint8Array,
  value: Uint8Array | null,
  nowMs: number,
): void {
  if (batch.records === 0) batch.firstMs = batch.lastMs = nowMs
  batch.lastMs = Math.max(batch.lastMs, nowMs)
  const size = value === null ? 0 : value.length
  makeRoom(batch, key.length + size + RECORD_BYTES)
  const { bytes, records, firstMs, lastMs } = batch
  const valueSize = value === null ? 1 : varintSize(size) + size
  const timeSize = varintSize(lastMs - firstMs)
  const keySize = varintSize(key.length) + key.length
  // Attributes before, and the number of headers after the rest.
  const length = 2 + timeSize + varintSize(records) + keySize + valueSize
  let at = writeLong(length, bytes, batch.to)
  bytes[at++] = 0
  at = writeLong(lastMs - firstMs, bytes, at)
  at = writeLong(records, bytes, at)
  at = writeLong(key.length, bytes, at)
  bytes.set(key, at)
  at = writeLong(value === null ? -1 : size, bytes, at + key.length)
  if (value !== null) bytes.set(value, at)
  bytes[at + size] = 0
  batch.to = at + size + 1
  batch.records++
}

/** Makes room for more bytes. */
export function makeRoom(batch: OpenBatch, more: number): void {
  if (batch.bytes.length - batch.to >= more) return
  const larger = Buffer.allocUnsafeSlow(2 * (batch.to + more))
  batch.bytes.copy(larger, 0, 0, batch.to)
  batch.bytes = larger
}

/** Bytes of an integer from 0 to 2^31 as a zigzag varint. */
export function varintSize(value: number): number {
  let size = 1
  for (let limit = 64; value >= limit; limit *= 128) size++
  return size
}

/** A finished batch, which can be sent repeatedly. */
export interface SealedBatch {
  partition: number
  bytes: Buffer
  records: number
}

/** Finishes a batch: header and compression. The result is valid until `batch` is cleared. */
export function sealBatch(
  partition: number,
  batch: OpenBatch,
  compression: Compression,
): SealedBatch {
  const { records, firstMs, lastMs } = batch
  let bytes = batch.bytes.subarray(0, batch.to)
  if (compression !== 'none') {
    const packed = compressionsAlgorithms[compression].compressSync(bytes.subarray(HEADER_BYTES))
    bytes = Buffer.concat([bytes.subarray(0, HEADER_BYTES), packed])
  }
  bytes.fill(0, 0, HEADER_BYTES)
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes[16] = 2
  bytes.writeInt16BE(CODECS[compression] | TRANSACTIONAL, ATTRIBUTES_AT)
  bytes.writeInt32BE(records - 1, 23)
  bytes.writeBigInt64BE(BigInt(firstMs), 27)
  bytes.writeBigInt64BE(BigInt(lastMs), 35)
  bytes.writeInt32BE(records, 57)
  return { partition, bytes, records }
}

/** Writes producer and sequence into the header, then the checksum, which covers both. */
export function stampBatch(
  batch: SealedBatch,
  producerId: bigint,
  epoch: number,
  sequence: number,
): void {
  const { bytes } = batch
  bytes.writeBigInt64BE(producerId, PRODUCER_AT)
  bytes.writeInt16BE(epoch, EPOCH_AT)
  bytes.writeInt32BE(sequence, SEQUENCE_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT)
}
