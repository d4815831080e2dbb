// A subscriber's ranks are its places in sorted lists, and its segment is that of k-means.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lookUp, viewSubscriber, type ForEachRows } from '../../src/snapshot/lookup.ts'
import { METRICS, type Metric } from '../../src/snapshot/metrics.ts'
import { rowsOf, snapshotOf, subscriber, subscribersOf, type Subscriber } from './subscribers.ts'

/** Rows in blocks of 5. */
function passOver(subscribers: readonly Subscriber[]): ForEachRows {
  return (visit) => {
    for (let at = 0; at < subscribers.length; at += 5) {
      const part = subscribers.slice(at, at + 5)
      visit(rowsOf(part), part.length)
    }
  }
}

function naiveRank(subscribers: readonly Subscriber[], own: Subscriber, metric: Metric): number {
  const value = (each: Subscriber): number =>
    metric === 'trafficBytes' ? each.downlinkBytes + each.uplinkBytes : each[metric]
  const sorted = subscribers.toSorted((a, b) => value(b) - value(a) || a.msisdn - b.msisdn)
  return sorted.indexOf(own) + 1
}

test('ranks are places in the sorted list, ties by smaller MSISDN', () => {
  fc.assert(
    fc.property(subscribersOf(30), fc.nat(), (subscribers, pick) => {
      fc.pre(subscribers.length > 0)
      const own = subscribers[pick % subscribers.length]
      const { segments } = snapshotOf(subscribers)
      const view = viewSubscriber(rowsOf([own]), passOver(subscribers), segments)
      for (const metric of METRICS) {
        assert.equal(view.ranks[metric], naiveRank(subscribers, own, metric))
      }
      assert.equal(view.subscribers, subscribers.length)
      assert.equal(view.aggregate.msisdn, own.msisdn)
    }),
    { numRuns: 40, endOnFailure: true },
  )
})

test('look-ups of all subscribers count each segment as the snapshot does', () => {
  const subscribers = Array.from({ length: 90 }, (_, at) =>
    subscriber(at + 1, 1 + (at % 10), (at * 37) % 1000, (at * 91) % 5000),
  )
  for (const scaling of ['min-max', 'z-score', 'robust'] as const) {
    const { segments } = snapshotOf(subscribers, { scaling, k: 4 })
    const counts = new Map<string | null, number>()
    let inertia = 0
    for (const each of subscribers) {
      const view = viewSubscriber(rowsOf([each]), passOver([each]), segments)
      counts.set(view.segment, (counts.get(view.segment) ?? 0) + 1)
      inertia += Math.min(...view.distances.map(({ distance }) => distance)) ** 2
    }
    for (const { name, subscribers: size } of segments.segments)
      assert.equal(counts.get(name), size)
    assert.ok(Math.abs(inertia / segments.inertia - 1) < 1e-9)
  }
})

test('an unknown MSISDN is not found', () => {
  const others = [subscriber(4, 1, 2, 3), subscriber(6, 1, 2, 3)]
  assert.equal(lookUp(5, passOver(others), snapshotOf(others).segments), null)
  assert.equal(lookUp(5, passOver([]), snapshotOf([]).segments), null)
})

test('without segments there is no segment and no distance', () => {
  const own = subscriber(5, 1, 2, 3)
  const view = viewSubscriber(rowsOf([own]), passOver([own]), snapshotOf([]).segments)
  assert.equal(view.segment, null)
  assert.deepEqual(view.distances, [])
  assert.equal(view.ranks.sessions, 1)
})
