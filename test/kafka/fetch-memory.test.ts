// Memory of answers is used again once it was returned, and only then.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readResponse } from '../../src/kafka/fetch.ts'
import { returnMemory, takeMemory } from '../../src/kafka/fetch-memory.ts'
import { check } from './batches-random.ts'

const MIB = 2 ** 20

test('memory that was returned is taken again, by answers that fit', () => {
  const free: Buffer[] = []
  const first = takeMemory(free, 3 * MIB + 1)
  const second = takeMemory(free, 3 * MIB)
  assert.equal(first.length, 4 * MIB)
  assert.notEqual(first.buffer, second.buffer)
  returnMemory(free, second)
  returnMemory(free, first)
  assert.equal(takeMemory(free, 4 * MIB), first)
  assert.equal(takeMemory(free, 100), second)
  assert.deepEqual(free, [])
})

test('two buffers are kept at most, and one that is too small makes place', () => {
  const free: Buffer[] = []
  for (const size of [1, 2, 3]) returnMemory(free, Buffer.alloc(size * MIB))
  assert.deepEqual(
    free.map(({ length }) => length),
    [MIB, 2 * MIB],
  )
  assert.equal(takeMemory(free, 5 * MIB).length, 5 * MIB)
  assert.deepEqual(
    free.map(({ length }) => length),
    [2 * MIB],
  )
})

test('small answers have memory of their own', () => {
  const free: Buffer[] = []
  const small = takeMemory(free, 100)
  assert.equal(small.length, 100)
  returnMemory(free, small)
  assert.deepEqual(free, [])
})

/** A response of one partition, as brokers send it. */
function responseOf(records: Buffer): Buffer {
  const head = Buffer.alloc(10)
  const partition = Buffer.alloc(30)
  partition.writeInt32BE(7)
  const size = Buffer.alloc(5)
  let [at, rest] = [0, records.length + 1]
  for (; rest > 127; rest >>>= 7) size[at++] = (rest & 127) | 128
  size[at++] = rest
  const none = Buffer.from([1])
  const topic = [Buffer.from([2]), Buffer.alloc(16), Buffer.from([2])]
  const replica = Buffer.alloc(4, 255)
  const tags = Buffer.alloc(3)
  return Buffer.concat([
    ...[head, ...topic, partition, none, replica, size.subarray(0, at), records, tags],
  ])
}

test('a response in any pieces is read whole, also into memory that was used before', () => {
  const free = [Buffer.alloc(MIB, 0xa5)]
  const property = fc.property(
    fc.uint8Array({ maxLength: 200_000 }),
    fc.nat({ max: 12 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
    (records, position, cuts) => {
      const sent = Buffer.concat([Buffer.alloc(position, 1), responseOf(Buffer.from(records))])
      const places = [...cuts.map((cut) => Math.floor(cut ** 4 * sent.length)), sent.length]
      places.sort((a, b) => a - b)
      const buffers = places.map((to, i) => sent.subarray(i === 0 ? 0 : places[i - 1], to))
      const buffer = { length: sent.length, buffers }
      const { partitions, memory } = readResponse({ buffer, position }, free)
      assert.equal(partitions.length, 1)
      assert.equal(partitions[0].partition, 7)
      assert.deepEqual(partitions[0].records, Buffer.from(records))
      returnMemory(free, memory)
    },
  )
  check(property, 100)
})
