// A snapshot is consistent, the same to the byte, and defined for every input.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FEATURES, METRICS, SCALINGS } from '../../src/snapshot/metrics.ts'
import { snapshotSchema, type Snapshot, type SnapshotOptions } from '../../src/snapshot/schema.ts'
import { snapshotOf, STATE, subscriber, subscribersOf, type Subscriber } from './subscribers.ts'

const options: fc.Arbitrary<Partial<SnapshotOptions>> = fc.record({
  features: fc.shuffledSubarray([...FEATURES], { minLength: 1 }),
  scaling: fc.constantFrom(...SCALINGS),
  k: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 12 })),
  top: fc.integer({ min: 0, max: 12 }),
  seed: fc.nat(),
})

const shuffled = subscribersOf(40).chain((subscribers) =>
  fc.tuple(
    fc.constant(subscribers),
    fc.shuffledSubarray(subscribers, { minLength: subscribers.length }),
  ),
)

/** Totals of all subscribers are those of the segments, and everyone is in one. */
function assertConsistent(snapshot: Snapshot, subscribers: readonly Subscriber[]): void {
  snapshotSchema.parse(snapshot)
  const { segments, elbow } = snapshot
  const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0)
  assert.equal(snapshot.subscribers, subscribers.length)
  assert.equal(sum(segments.segments.map((each) => each.subscribers)), subscribers.length)
  assert.equal(segments.segments.length, segments.k)
  for (const metric of METRICS) {
    const totals = segments.segments.map(({ metrics }) => metrics[metric].total)
    assert.equal(sum(totals), snapshot[metric])
  }
  assert.equal(elbow.k.length, subscribers.length === 0 ? 0 : 10)
  elbow.inertia.slice(1).forEach((inertia, at) => {
    assert.ok(inertia <= elbow.inertia[at] * (1 + 1e-12) + 1e-18)
  })
  assert.doesNotMatch(JSON.stringify(snapshot), /null,"factor"|NaN|Infinity/)
  assert.doesNotMatch(segments.text + elbow.text, /undefined|e\+|NaN/)
}

test('any subscribers and options: valid, complete, the same bytes in any order of rows', () => {
  fc.assert(
    fc.property(shuffled, options, ([subscribers, reordered], chosen) => {
      const snapshot = snapshotOf(subscribers, chosen)
      assertConsistent(snapshot, subscribers)
      assert.equal(JSON.stringify(snapshotOf(reordered, chosen)), JSON.stringify(snapshot))
    }),
    { numRuns: 40, endOnFailure: true },
  )
})

test('more subscribers than the sketch of k-means holds: the same bytes in any order', () => {
  const subscribers = Array.from({ length: 6000 }, (_, at) => {
    const drawn = (at * 7919) % 6007
    return subscriber(at + 1, 1 + (drawn % 9), drawn ** 2, 1e6 * Math.exp(drawn / 900), at)
  }).map((each) => ({ ...each, downlinkBytes: Math.round(each.downlinkBytes) }))
  const snapshot = snapshotOf(subscribers)
  assertConsistent(snapshot, subscribers)
  assert.equal(JSON.stringify(snapshotOf(subscribers.toReversed())), JSON.stringify(snapshot))
})

test('values of the state are copied', () => {
  const snapshot = snapshotOf([subscriber(1, 1, 1, 1)])
  for (const [name, value] of Object.entries(STATE)) {
    assert.deepEqual(snapshot[name as keyof Snapshot], value)
  }
})

test('no subscribers: empty lists, zeros and a text', () => {
  const snapshot = snapshotOf([], { k: 'auto' })
  assertConsistent(snapshot, [])
  assert.deepEqual(snapshot.segments.segments, [])
  assert.deepEqual(snapshot.elbow.inertia, [])
  assert.equal(snapshot.elbow.knee, null)
  assert.match(snapshot.segments.text, /No subscribers/)
})

test('equal subscribers: one segment for any k', () => {
  const subscribers = [1, 2, 3, 4].map((msisdn) => subscriber(msisdn, 2, 1000, 5))
  for (const k of [1, 3, 'auto'] as const) {
    for (const scaling of SCALINGS) {
      const { segments, elbow } = snapshotOf(subscribers, { k, scaling })
      assert.equal(segments.k, 1)
      assert.equal(segments.inertia, 0)
      assert.deepEqual(segments.segments[0].centroid, {
        sessions: 2,
        durationMs: 1000,
        trafficBytes: 5,
      })
      assert.deepEqual(elbow.inertia, new Array(10).fill(0))
      assert.equal(elbow.knee, null)
    }
  }
})

test('fewer kinds of subscribers than segments: a segment for each kind', () => {
  const subscribers = [1, 2, 3, 4, 5, 6].map((msisdn) => subscriber(msisdn, 1 + (msisdn % 2), 5, 5))
  const { segments, elbow } = snapshotOf(subscribers, { k: 5 })
  assert.equal(segments.k, 2)
  assert.deepEqual(
    segments.segments.map(({ name }) => name),
    ['low', 'high'],
  )
  assert.deepEqual(elbow.inertia.slice(1), new Array(9).fill(0))
  assert.equal(elbow.knee, 2)
})

test('one giant outlier: alone in the most engaged segment', () => {
  const subscribers = Array.from({ length: 100 }, (_, at) =>
    subscriber(at + 1, 1 + (at % 3), at, at),
  )
  subscribers.push(subscriber(999, 1e6, 2 ** 52, 2 ** 52))
  const { segments } = snapshotOf(subscribers)
  assert.equal(segments.segments[2].subscribers, 1)
  assert.equal(segments.segments[2].metrics.sessions.max, 1e6)
})

test('auto takes the knee', () => {
  const subscribers = Array.from({ length: 400 }, (_, at) => {
    const kind = at % 4
    return subscriber(at + 1, 10 + kind * 100, 1000 + (at % 7), kind % 2 === 0 ? 1e6 : 9e8)
  })
  const { segments, elbow } = snapshotOf(subscribers, { k: 'auto' })
  assert.equal(segments.k, elbow.knee)
})

test('segments are ordered by engagement and contain all subscribers', () => {
  const subscribers = Array.from({ length: 300 }, (_, at) =>
    subscriber(at + 1, 1 + at, at ** 2, at ** 3),
  )
  const { segments } = snapshotOf(subscribers, { k: 5 })
  const means = segments.segments.map(({ metrics }) => metrics.trafficBytes.mean)
  assert.deepEqual(
    means,
    means.toSorted((a, b) => a - b),
  )
  assert.deepEqual(
    segments.segments.map(({ name }) => name),
    ['very low', 'low', 'medium', 'high', 'very high'],
  )
})

test('applications: shares of their traffic, the most used first, one excluded', () => {
  const each = subscriber(1, 1, 1, 1)
  each.applications = [1, 2, 3, 4, 5, 6, 79].map((bytes) => [bytes, 0])
  const { applications, topApplications } = snapshotOf([each], { excludeApplications: ['Other'] })
  assert.equal(applications[6].share, 0.79)
  assert.equal(applications[6].subscribers, 1)
  assert.deepEqual(topApplications, ['Gaming', 'Netflix', 'YouTube'])
})
