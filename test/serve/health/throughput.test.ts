// The rate is that of the last seconds, and the time left follows from it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { createThroughputMeter } from '../../../src/serve/health/throughput.ts'
import { generateProgress } from '../fixture.ts'

test('nothing is known before two messages', () => {
  const meter = createThroughputMeter()
  assert.deepEqual(meter.read(0), { rowsPerSecond: 0, etaSeconds: null })
  meter.note(0, generateProgress(10))
  assert.deepEqual(meter.read(0), { rowsPerSecond: 0, etaSeconds: null })
})

test('a steady rate is found, and how long the rest takes', () => {
  const meter = createThroughputMeter()
  for (let second = 0; second <= 5; second += 1) {
    meter.note(second * 1000, generateProgress(second * 10_000))
  }
  assert.deepEqual(meter.read(5000), { rowsPerSecond: 10_000, etaSeconds: 100_001 / 10_000 })
})

test('rows of long ago do not count, and what stopped has no rate', () => {
  const meter = createThroughputMeter()
  meter.note(0, generateProgress(0))
  meter.note(1000, generateProgress(90_000))
  meter.note(20_000, generateProgress(90_000))
  meter.note(21_000, generateProgress(90_000))
  assert.deepEqual(meter.read(21_000), { rowsPerSecond: 0, etaSeconds: null })
})

test('when all is done nothing is left', () => {
  const meter = createThroughputMeter()
  meter.note(0, generateProgress(0))
  meter.note(1000, generateProgress(150_001))
  assert.equal(meter.read(1000).etaSeconds, 0)
})
