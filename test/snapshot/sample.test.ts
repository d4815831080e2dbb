// The sample of subscribers: members, bounded, and stable as others are added.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { snapshotOf, subscriber, type Subscriber } from './subscribers.ts'

/** Two groups that are far apart; the number of sessions shows the group. */
const crowd = (few: number, many: number): Subscriber[] => [
  ...Array.from({ length: few }, (_, at) => subscriber(900 + at, 1e6 + at, 7e6, 9e9, 5e8)),
  ...Array.from({ length: many }, (_, at) => subscriber(1e6 + 7 * at, at, 5, 6)),
]

test('small segments are sampled completely, large ones up to their share', () => {
  const [large, small] = snapshotOf(crowd(5, 2000), { k: 2 }).segments.segments
  assert.equal(large.sample.sessions.length, 600)
  assert.ok(large.sample.sessions.every((sessions) => sessions < 2000))
  assert.deepEqual([...small.sample.sessions].sort(), [1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4])
  assert.deepEqual(small.sample.downlinkBytes, [9e9, 9e9, 9e9, 9e9, 9e9])
  assert.deepEqual(small.sample.uplinkBytes, [5e8, 5e8, 5e8, 5e8, 5e8])
  for (const values of Object.values(large.sample)) assert.equal(values.length, 600)
})

test('a subscriber in the sample of many is in the sample of some of them', () => {
  const drawn = (many: number): number[] =>
    snapshotOf(crowd(5, many), { k: 2 }).segments.segments[0].sample.sessions
  const before = new Set(drawn(2000))
  const after = drawn(2500)
  const last = 1999
  assert.ok(after.some((sessions) => sessions > last))
  assert.deepEqual(
    after.filter((sessions) => sessions <= last && !before.has(sessions)),
    [],
  )
})
