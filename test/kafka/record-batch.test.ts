// Record batches of any writer are read as they were written.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRecordsBatch } from '../../src/kafka/client.ts'
import { readBatch } from '../../src/kafka/record-batch.ts'
import { batchBytes, type HandBatch, type HandRecord } from './batches.ts'
import { aBatch, check, readAll, SEED, someBytes } from './batches-random.ts'

const bare = ({ offset, timestampMs, key, value }: HandRecord): HandRecord => {
  return { offset, timestampMs, key, value }
}

test('batches built by the test are read, with holes and headers', (t) => {
  t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
  const property = fc.property(fc.array(aBatch, { maxLength: 4 }), (batches) => {
    const bytes = Buffer.concat(batches.map(batchBytes))
    const expected = batches.flatMap(({ records }) => records.map(bare))
    assert.deepEqual(readAll(bytes), { records: expected, batches: batches.length })
    let at = 0
    for (const { lastOffset, attributes = 0, producerId, leaderEpoch, baseOffset } of batches) {
      const batch = readBatch(bytes, at, bytes.length)
      assert.ok(batch !== null)
      assert.deepEqual([batch.baseOffset, batch.lastOffset], [baseOffset, lastOffset])
      assert.deepEqual([batch.producerId, batch.leaderEpoch], [producerId, leaderEpoch])
      assert.equal(batch.transactional, (attributes & 0b010000) !== 0)
      assert.equal(batch.control, (attributes & 0b100000) !== 0)
      at = batch.to
    }
  })
  check(property, 200)
})

test('batches of the package are read, with every codec', () => {
  const messages = fc.array(
    fc.record({ key: fc.option(someBytes), value: someBytes, ms: fc.nat({ max: 2 ** 31 }) }),
    { minLength: 1, maxLength: 30 },
  )
  const codec = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd')
  const property = fc.property(messages, codec, (list, compression) => {
    const made = createRecordsBatch(
      list.map(({ key, value, ms }) => {
        return { topic: 't', timestamp: BigInt(ms), value, ...(key === null ? {} : { key }) }
      }),
      { compression, producerId: 5n, producerEpoch: 0 },
    )
    const read = readAll(made.buffer)
    assert.ok(typeof read === 'object')
    assert.deepEqual(
      read.records,
      list.map(({ key, value, ms }, offset) => ({ offset, timestampMs: ms, key, value })),
    )
  })
  check(property, 100)
})

test("batches of Kafka's own producer are read, with every codec", () => {
  const folder = join(import.meta.dirname, '../fixtures/kafka')
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
    // The log of a partition as the broker stores it: batches only.
    const read = readAll(readFileSync(join(folder, `java-${codec}.log`)))
    assert.ok(typeof read === 'object', codec)
    const pairs = read.records.map(({ offset, key, value }) => [
      offset,
      key?.toString(),
      value?.toString(),
    ])
    const expected = Array.from({ length: 3000 }, (_, at) => {
      return [at, String(at + 1), `value number ${at + 1} of this codec`]
    })
    assert.deepEqual(pairs, expected, codec)
  }
})

test('records of a topic with LogAppendTime have the last timestamp of their batch', () => {
  const batch: HandBatch = {
    ...{ baseOffset: 0, lastOffset: 1, attributes: 0b1000, maxTimestampMs: 5000 },
    records: [0, 1].map((offset) => {
      return { offset, timestampMs: 1000 + offset, key: null, value: Buffer.from('x') }
    }),
  }
  const read = readAll(batchBytes(batch))
  assert.ok(typeof read === 'object')
  assert.deepEqual(
    read.records.map(({ timestampMs }) => timestampMs),
    [5000, 5000],
  )
})
