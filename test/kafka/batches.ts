// Record batches, built byte by byte according to the protocol guide: naive, for tests only.
import { crc32c } from '../../src/kafka/client.ts'

/** One record; offsets may have holes between them, as after compaction. */
export interface HandRecord {
  offset: number
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers?: readonly [string, string][]
}

/** A batch: its header and its records. */
export interface HandBatch {
  baseOffset: number
  /** The last offset may be that of a record that was compacted away. */
  lastOffset: number
  records: readonly HandRecord[]
  /** Bits of codec, timestamp's type, transaction and control. */
  attributes?: number
  maxTimestampMs?: number
  producerId?: number
  leaderEpoch?: number
  pack?: (records: Buffer) => Buffer
}

function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

const sized = (bytes: Buffer | null): Buffer =>
  bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])

function recordBytes(record: HandRecord, baseOffset: number, baseMs: number): Buffer {
  const { offset, timestampMs, key, value, headers = [] } = record
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(timestampMs - baseMs),
    varint(offset - baseOffset),
    sized(key),
    sized(value),
    varint(headers.length),
    ...headers.flatMap(([name, text]) => [sized(Buffer.from(name)), sized(Buffer.from(text))]),
  ])
  return sized(body)
}

/** The bytes of a batch, with its checksum. */
export function batchBytes(batch: HandBatch): Buffer {
  const { baseOffset, lastOffset, records, attributes = 0, pack = (bytes: Buffer) => bytes } = batch
  const baseMs = records[0]?.timestampMs ?? 0
  const packed = pack(Buffer.concat(records.map((one) => recordBytes(one, baseOffset, baseMs))))
  const header = Buffer.alloc(61)
  header.writeBigInt64BE(BigInt(baseOffset), 0)
  header.writeInt32BE(61 - 12 + packed.length, 8)
  header.writeInt32BE(batch.leaderEpoch ?? 0, 12)
  header.writeInt8(2, 16)
  header.writeInt16BE(attributes, 21)
  header.writeInt32BE(lastOffset - baseOffset, 23)
  header.writeBigInt64BE(BigInt(baseMs), 27)
  const lastMs = Math.max(baseMs, ...records.map(({ timestampMs }) => timestampMs))
  header.writeBigInt64BE(BigInt(batch.maxTimestampMs ?? lastMs), 35)
  header.writeBigInt64BE(BigInt(batch.producerId ?? -1), 43)
  header.writeInt16BE(0, 51)
  header.writeInt32BE(-1, 53)
  header.writeInt32BE(records.length, 57)
  const bytes = Buffer.concat([header, packed])
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}
