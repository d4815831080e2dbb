// Waits between attempts: they double up to a bound, half of each is random, a success resets them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import { createBackoff, nextWaitMs, resetBackoff, waitToRetry } from '../../src/kafka/retry.ts'

const POLICY = { firstMs: 200, longestMs: 1000 }
const waitsOf = (random: () => number, count: number): number[] => {
  const backoff = createBackoff(POLICY, { ...SYSTEM_CLOCK, jitter: random })
  return Array.from({ length: count }, () => nextWaitMs(backoff))
}

test('waits double with every failure, up to the longest', () => {
  const without = waitsOf(() => 0, 5)
  assert.deepEqual(without, [100, 200, 400, 500, 500])
})

test('up to half of a wait is random', () => {
  assert.deepEqual(
    waitsOf(() => 0.5, 4),
    [150, 300, 600, 750],
  )
  for (const wait of waitsOf(Math.random, 50)) assert.ok(wait >= 100 && wait < 1000, `${wait} ms`)
})

test('a success resets the wait', () => {
  const backoff = createBackoff(POLICY, { ...SYSTEM_CLOCK, jitter: () => 0 })
  for (let failures = 0; failures < 2000; failures++) nextWaitMs(backoff)
  assert.equal(nextWaitMs(backoff), 500, 'also after more failures than a float64 has exponents')
  resetBackoff(backoff)
  assert.equal(nextWaitMs(backoff), 100)
})

test('an aborted signal ends a wait', async () => {
  const backoff = createBackoff({ firstMs: 3_600_000, longestMs: 3_600_000 })
  const stop = new AbortController()
  const waiting = waitToRetry(backoff, stop.signal)
  stop.abort()
  await waiting
  await waitToRetry(backoff, stop.signal)
  assert.equal(backoff.failures, 2)
})
