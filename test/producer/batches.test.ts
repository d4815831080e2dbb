// Record batches as they are sent: their header, their records, their order, and what is retried.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBatch, nextRecord, openRecords, readBatch } from '../../src/kafka/record-batch.ts'
import { PulseError } from '../../src/errors.ts'
import {
  clearBatch,
  openBatch,
  sealBatch,
  stampBatch,
  type SealedBatch,
} from '../../src/kafka/batch-writer.ts'
import { createRecordWriter } from '../../src/producer/batch.ts'
import { troubleOfAnswer } from '../../src/producer/errors.ts'
import { createInFlightBatches } from '../../src/producer/in-flight.ts'
import type { Group } from '../../src/producer/transaction.ts'
import type { Encode, Values } from '../../src/producer/values.ts'
import { until } from '../until.ts'

const SOURCES = ['0a'.repeat(16), 'f1'.repeat(16)]

/** Rows whose value is the row's number as text. */
const valuesOf = (rows: readonly number[], file = 0): Values => ({
  count: rows.length,
  columns: [],
  texts: () => new Uint8Array(0),
  msisdn: new Float64Array(rows.length),
  row: Float64Array.from(rows),
  file: new Float64Array(rows.length).fill(file),
  event: new Float64Array(rows.length),
})
const encode: Encode = (values, i, _, into) => into.write(`value ${values.row[i]}`, 'latin1')

interface Read {
  key: string | null
  value: string
  offset: number
}

/** The records of a batch as a consumer reads them. */
function recordsOf({ bytes, records: sealedRecords }: SealedBatch): Read[] {
  const batch = readBatch(bytes, 0, bytes.length)
  assert.ok(batch !== null)
  assert.equal(checkBatch(bytes, batch), null)
  const cursor = openRecords(bytes, batch)
  assert.ok(typeof cursor !== 'string', 'the records can be read')
  const found: Read[] = []
  assert.equal(batch.lastOffset, sealedRecords - 1)
  while (nextRecord(cursor) === 1) {
    const { bytes: records, keyFrom, keyTo, valueFrom, valueTo, offset } = cursor
    const key = keyFrom === -1 ? null : records.toString('latin1', keyFrom, keyTo)
    found.push({ key, value: records.toString('latin1', valueFrom, valueTo), offset })
  }
  return found
}

for (const compression of ['none', 'lz4', 'zstd'] as const) {
  test(`a batch holds its rows, compressed with ${compression}`, () => {
    const writer = createRecordWriter(encode, SOURCES)
    const batch = openBatch()
    const rows = [0, 63, 64, 8191, 8192, 2 ** 31, ...Array.from({ length: 3000 }, (_, i) => i)]
    const values = valuesOf(rows, 1)
    const keys = rows.map((_, i) => (i % 3 === 0 ? -1 : 33_600_000_000 + i))
    const sizes = keys.map((key, i) => writer.add(batch, values, i, key, 1000 + i))
    const sealed = sealBatch(2, batch, compression)
    stampBatch(sealed, 77n, 3, 2 ** 31 - 1)
    assert.deepEqual(
      recordsOf(sealed),
      rows.map((row, i) => {
        const key = keys[i] === -1 ? null : String(keys[i])
        return { key, value: `value ${row}`, offset: i }
      }),
    )
    assert.equal(batch.to, 61 + sizes.reduce((sum, size) => sum + size))
    const { bytes } = sealed
    assert.deepEqual(
      [bytes.readBigInt64BE(27), bytes.readBigInt64BE(35), bytes.readInt32BE(57)],
      [1000n, BigInt(1000 + rows.length - 1), rows.length],
    )
    assert.deepEqual(
      [bytes.readBigInt64BE(43), bytes.readInt16BE(51), bytes.readInt32BE(53)],
      [77n, 3, 2 ** 31 - 1],
    )
    assert.equal(readBatch(bytes, 0, bytes.length)?.transactional, true)
  })
}

/** Rows whose progress is not kept. */
const NO_STEPS = { next: () => [], last: () => [] }

test('a clock that is set back does not set back the time of a batch', () => {
  const writer = createRecordWriter(encode, SOURCES)
  const batch = openBatch()
  for (const [i, nowMs] of [5000, 7000, 6000].entries()) {
    writer.add(batch, valuesOf([0, 1, 2]), i, -1, nowMs)
  }
  assert.deepEqual([batch.firstMs, batch.lastMs], [5000, 7000])
  const sealed = sealBatch(0, batch, 'none')
  stampBatch(sealed, 1n, 0, 0)
  assert.equal(recordsOf(sealed).length, 3)
  clearBatch(batch)
  writer.add(batch, valuesOf([9]), 0, -1, 100)
  assert.deepEqual([batch.firstMs, batch.lastMs, batch.records], [100, 100, 1])
})

test('a group is sent only when the one before it is acknowledged, and counts only then', async () => {
  const sent: number[][] = []
  const acknowledge: (() => void)[] = []
  const sender = {
    send({ batches }: Group) {
      sent.push(batches.map(({ partition, records }) => 10 * partition + records))
      return new Promise<void>((resolve) => acknowledge.push(resolve))
    },
    close: () => Promise.resolve(),
  }
  const writer = createRecordWriter(encode, SOURCES)
  const batches = createInFlightBatches(3, writer, sender, 'none', NO_STEPS)
  const values = valuesOf([1, 2, 3])
  const add = (partition: number, i: number): boolean => batches.add(partition, values, i, -1, 1)
  assert.equal(add(0, 0), false)
  add(2, 1)
  add(2, 2)
  await batches.flush()
  assert.deepEqual(sent, [[1, 22]])
  add(1, 0)
  const second = batches.end()
  await Promise.resolve()
  assert.equal(sent.length, 1)
  assert.equal(batches.acknowledged().sent, 0)
  acknowledge[0]()
  await until('the second group', () => sent.length === 2)
  assert.deepEqual(sent[1], [11])
  assert.deepEqual(batches.acknowledged().perPartition, [1, 0, 2])
  acknowledge[1]()
  await second
  assert.deepEqual(batches.acknowledged().perPartition, [1, 1, 2])
  assert.equal(batches.acknowledged().sent, 4)
  // The memory of the first group is used again, without its rows.
  add(0, 0)
  const third = batches.end()
  await until('the third group', () => sent.length === 3)
  acknowledge[2]()
  await third
  assert.deepEqual(sent[2], [1])
})

test('a group is full at 4 MiB, or with 768 KiB of one partition', () => {
  const sender = { send: () => Promise.resolve(), close: () => Promise.resolve() }
  const full = (partitions: number): number => {
    const large: Encode = () => 1000
    const writer = createRecordWriter(large, SOURCES)
    const batches = createInFlightBatches(partitions, writer, sender, 'none', NO_STEPS)
    for (let rows = 1; ; rows++) {
      if (batches.add(rows % partitions, valuesOf([rows]), 0, -1, 1)) return rows
    }
  }
  assert.ok(full(1) > 700 && full(1) < 790, `${full(1)} rows of 1 KB`)
  assert.ok(full(50) > 3800 && full(50) < 4200, `${full(50)} rows of 1 KB`)
})

const batchOf = (partition: number): SealedBatch => ({
  ...{ partition, bytes: Buffer.alloc(900), records: 1 },
})

test('a transaction is sent again after transient errors, and for a lost producer', () => {
  const batches = Array.from({ length: 5 }, (_, partition) => batchOf(partition))
  const trouble = (...codes: number[]) =>
    troubleOfAnswer(
      't',
      batches,
      new Map(codes.map((code, partition) => [partition, { code, offset: 0 }])),
    )
  assert.equal(trouble(0, 0, 0, 0, 0), null)
  assert.equal(trouble(0, 6, 0, 0, 0), 'NOT_LEADER_OR_FOLLOWER')
  assert.equal(trouble(0, 0, 59, 0, 0), 'UNKNOWN_PRODUCER_ID')
  assert.equal(trouble(0, 0, 47, 0, 0), 'INVALID_PRODUCER_EPOCH')
  assert.equal(trouble(0, 0, 0, 0), 'REQUEST_TIMED_OUT', 'a partition without an answer')
})

for (const [code, sentence] of [
  [10, /MESSAGE_TOO_LARGE; raise the topic's max\.message\.bytes above 900$/],
  [29, /WRITE the topic "t" \(TOPIC_AUTHORIZATION_FAILED\); expected the ACL Topic WRITE on "t"/],
] as const) {
  test(`error ${code} of a broker ends the producer with the remedy`, () => {
    assert.throws(
      () => troubleOfAnswer('t', [batchOf(7)], new Map([[7, { code, offset: 0 }]])),
      (error) =>
        error instanceof PulseError &&
        error.message.startsWith('topic "t", partition 7: ') &&
        sentence.test(error.message),
    )
  })
}
