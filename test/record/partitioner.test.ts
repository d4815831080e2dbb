// Partitions are those of Kafka's default partitioner.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionOf } from '../../src/record/partitioner.ts'

/** From org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
const PUBLISHED: [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

for (const [text, hash] of PUBLISHED) {
  test(`murmur2 of "${text}" is Kafka's`, () => {
    const bytes = new TextEncoder().encode(text)
    assert.equal(murmur2(bytes, bytes.length), hash)
  })
}

test('a partition is the positive murmur2 of the decimal digits, modulo', () => {
  for (const msisdn of [0, 7, 21, 33_664_962_239, 999_999_999_999_999, 882_397_108_489_451]) {
    const bytes = new TextEncoder().encode(String(msisdn))
    const positive = murmur2(bytes, bytes.length) & 0x7fffffff
    for (const partitions of [1, 2, 3, 8, 100]) {
      assert.equal(partitionOf(msisdn, partitions), positive % partitions)
    }
  }
  assert.equal(partitionOf(21, 6), (-973932308 & 0x7fffffff) % 6)
})

test('subscribers spread evenly over partitions', () => {
  const counts = new Array<number>(8).fill(0)
  for (let i = 0; i < 80_000; i++) counts[partitionOf(33_600_000_000 + i, 8)]++
  assert.ok(
    counts.every((count) => count > 9_500 && count < 10_500),
    counts.join(' '),
  )
})
