// Random record batches, and a reader of everything in some bytes.
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressionsAlgorithms } from '../../src/kafka/client.ts'
import { checkBatch, nextRecord, openRecords } from '../../src/kafka/record-batch.ts'
import { readBatch, type RecordCursor } from '../../src/kafka/record-batch.ts'
import type { HandBatch, HandRecord } from './batches.ts'

/** Seed of all random cases. */
export const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)

/** Checks a property with `numRuns` random cases. */
export const check = <T>(property: fc.IProperty<T>, numRuns: number): void => {
  fc.assert(property, { seed: SEED, numRuns, endOnFailure: true })
}

/** Compression functions, with the number of their codec. */
export const CODECS: readonly [number, (bytes: Buffer) => Buffer][] = [
  [0, (bytes) => bytes],
  [1, (bytes) => gzipSync(bytes)],
  [2, (bytes) => compressionsAlgorithms.snappy.compressSync(bytes)],
  [3, (bytes) => compressionsAlgorithms.lz4.compressSync(bytes)],
  [4, (bytes) => zstdCompressSync(bytes)],
]

/** A few hundred bytes. */
export const someBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const aRecord = fc.record({
  hole: fc.nat({ max: 3 }),
  timestampMs: fc.integer({ min: 0, max: 2 ** 42 }),
  key: fc.option(someBytes),
  value: fc.option(someBytes),
  headers: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }),
})
/** A batch of any codec, with holes between its records. */
export const aBatch = fc
  .record({
    baseOffset: fc.maxSafeNat().map((offset) => Math.floor(offset / 4)),
    records: fc.array(aRecord, { minLength: 1, maxLength: 20 }),
    codec: fc.constantFrom(...CODECS),
    tail: fc.nat({ max: 5 }),
    flags: fc.constantFrom(0, 0b010000, 0b110000),
    producerId: fc.integer({ min: -1, max: 2 ** 31 }),
    leaderEpoch: fc.nat({ max: 1000 }),
  })
  .map(({ baseOffset, records, codec: [codec, pack], tail, flags, ...rest }): HandBatch => {
    let next = baseOffset
    const placed = records.map(({ hole, ...record }): HandRecord => {
      next += hole + 1
      return { ...record, offset: next - 1 }
    })
    const lastOffset = next - 1 + tail
    return { baseOffset, lastOffset, records: placed, attributes: flags | codec, pack, ...rest }
  })

/** Reads everything in some bytes; returns a string for a fault. */
export function readAll(bytes: Buffer): { records: HandRecord[]; batches: number } | string {
  const records: HandRecord[] = []
  let batches = 0
  for (let at = 0; ; batches++) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return { records, batches }
    const fault = checkBatch(bytes, batch)
    if (fault !== null) return fault
    const cursor = openRecords(bytes, batch)
    if (typeof cursor === 'string') return cursor
    for (let found = nextRecord(cursor); found !== 0; found = nextRecord(cursor)) {
      if (found < 0) return 'a record that does not fit'
      records.push(recordAt(cursor))
    }
    at = batch.to
  }
}

function recordAt(cursor: RecordCursor): HandRecord {
  const { bytes, keyFrom, keyTo, valueFrom, valueTo, offset, timestampMs } = cursor
  const cut = (from: number, to: number): Buffer | null =>
    from < 0 ? null : Buffer.from(bytes.subarray(from, to))
  return { offset, timestampMs, key: cut(keyFrom, keyTo), value: cut(valueFrom, valueTo) }
}
