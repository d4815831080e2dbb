// A throttle lets rows pass at once, at a rate, or as event time passes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createThrottle, type Throttle } from '../../src/producer/throttle.ts'

const ROWS = 100_000
const EVENTS = new Float64Array(ROWS)

/** Rows that pass at the given times, one call each; none is left out or passes twice. */
function passed(throttle: Throttle, times: readonly number[]): number[] {
  let from = 0
  return times.map((nowMs) => {
    const to = throttle.openUntil(EVENTS, from, ROWS, nowMs)
    const rows = to - from
    from = to
    return rows
  })
}

test('without a speed all rows pass at once', () => {
  assert.deepEqual(passed(createThrottle(null), [5]), [ROWS])
  assert.equal(createThrottle(null).waitFor(0, 5), 0)
})

test('at a rate rows pass in proportion to the time, from the first call on', () => {
  const throttle = createThrottle({ rowsPerSecond: 2000 })
  assert.deepEqual(passed(throttle, [1000, 1010, 1011.3, 1011.5, 1100]), [0, 20, 2, 1, 177])
})

test('no more rows pass than are given', () => {
  const throttle = createThrottle({ rowsPerSecond: 1000 })
  throttle.openUntil(EVENTS, 0, 10, 0)
  assert.equal(throttle.openUntil(EVENTS, 0, 10, 500), 10)
  // The time that was not used is not lost.
  assert.equal(throttle.openUntil(EVENTS, 0, ROWS, 500), 490)
})

test('after an outage at most the rows of a second pass at once', () => {
  const throttle = createThrottle({ rowsPerSecond: 1000 })
  assert.deepEqual(passed(throttle, [0, 100, 60_000, 60_010]), [0, 100, 1000, 10])
})

test('the wait lasts until a row may pass, with a minimum of one tick', () => {
  const throttle = createThrottle({ rowsPerSecond: 10 })
  throttle.openUntil(EVENTS, 0, ROWS, 1000)
  assert.equal(throttle.waitFor(0, 1000), 100)
  assert.equal(throttle.waitFor(0, 1095), 10)
})

test('by event time a row passes when its time has come', () => {
  const throttle = createThrottle({ timesRealTime: 60 })
  const events = Float64Array.of(0, 30_000, 60_000, 120_000)
  assert.equal(throttle.openUntil(events, 0, 4, 5000), 1)
  assert.equal(throttle.openUntil(events, 1, 4, 6000), 3)
  assert.equal(throttle.waitFor(120_000, 6000), 1000)
})
