// The rate is that of the last seconds, and the remaining time follows from it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { createThroughputMeter } from '../../../src/serve/health/throughput.ts'
import { generateProgress } from '../fixture.ts'

test('the rate is 0 and the remaining time unknown before two messages', () => {
  const meter = createThroughputMeter()
  assert.deepEqual(meter.read(0), { rowsPerSecond: 0, etaSeconds: null })
  meter.note(0, generateProgress(10))
  assert.deepEqual(meter.read(0), { rowsPerSecond: 0, etaSeconds: null })
})

test('a steady rate is measured, and the remaining time', () => {
  const meter = createThroughputMeter()
  for (let second = 0; second <= 5; second += 1) {
    meter.note(second * 1000, generateProgress(second * 10_000))
  }
  assert.deepEqual(meter.read(5000), { rowsPerSecond: 10_000, etaSeconds: 100_001 / 10_000 })
})

test('older rows do not count, and a stop has the rate 0', () => {
  const meter = createThroughputMeter()
  meter.note(0, generateProgress(0))
  meter.note(1000, generateProgress(90_000))
  meter.note(20_000, generateProgress(90_000))
  meter.note(21_000, generateProgress(90_000))
  assert.deepEqual(meter.read(21_000), { rowsPerSecond: 0, etaSeconds: null })
})

test('the remaining time is 0 at the end', () => {
  const meter = createThroughputMeter()
  meter.note(0, generateProgress(0))
  meter.note(1000, generateProgress(150_001))
  assert.equal(meter.read(1000).etaSeconds, 0)
})
