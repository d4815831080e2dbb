// The clock of a replay, at given times.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReplayClock } from '../../src/record/event-time.ts'

const EVENTS = Float64Array.of(NaN, NaN, 1_000_000, 1_000_000, 1_060_000, 1_120_000)

test('rows without a time and those of the first known time are due at once', () => {
  const clock = createReplayClock(60)
  assert.equal(clock.dueUntil(EVENTS, 0, EVENTS.length, 5000), 4)
})

test('a minute of events takes a second at speed 60', () => {
  const clock = createReplayClock(60)
  clock.dueUntil(EVENTS, 0, EVENTS.length, 5000)
  assert.equal(clock.dueUntil(EVENTS, 4, EVENTS.length, 5999), 4)
  assert.equal(clock.dueUntil(EVENTS, 4, EVENTS.length, 6000), 5)
  assert.equal(clock.dueUntil(EVENTS, 5, EVENTS.length, 7000), 6)
})

test('the wait is until an event is due, with a lower bound', () => {
  const clock = createReplayClock(60)
  clock.dueUntil(EVENTS, 0, EVENTS.length, 5000)
  assert.equal(clock.waitFor(EVENTS[4], 5200), 800)
  assert.equal(clock.waitFor(EVENTS[4], 5999), 20)
  assert.equal(clock.waitFor(EVENTS[4], 9000), 20)
})

test('a pause moves all later events', () => {
  const clock = createReplayClock(60)
  clock.dueUntil(EVENTS, 0, EVENTS.length, 5000)
  clock.delay(10_000)
  assert.equal(clock.dueUntil(EVENTS, 4, EVENTS.length, 15_999), 4)
  assert.equal(clock.dueUntil(EVENTS, 4, EVENTS.length, 16_000), 5)
})

test('a pause before the first event moves nothing', () => {
  const clock = createReplayClock(60)
  clock.delay(10_000)
  assert.equal(clock.dueUntil(EVENTS, 0, EVENTS.length, 5000), 4)
  assert.equal(clock.dueUntil(EVENTS, 4, EVENTS.length, 6000), 5)
})

test('an event older than the last due one is due', () => {
  const clock = createReplayClock(1)
  const events = Float64Array.of(1000, 500, 1001)
  assert.equal(clock.dueUntil(events, 0, 3, 0), 2)
})
