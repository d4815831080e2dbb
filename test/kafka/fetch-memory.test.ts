// Memory of answers is used again once it was returned, and only then.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { returnMemory, takeMemory } from '../../src/kafka/fetch-memory.ts'

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
