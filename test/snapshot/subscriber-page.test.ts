// Pages of subscribers: each once, in order, and in the segment of the snapshot.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { APPLICATIONS } from '../../src/record/columns.ts'
import type { ForEachRows } from '../../src/snapshot/lookup.ts'
import { aggregateAt } from '../../src/snapshot/metrics.ts'
import { subscriberPageOf, type SubscriberQuery } from '../../src/snapshot/subscriber-page.ts'
import type { Snapshot } from '../../src/snapshot/schema.ts'
import { rowsOf, snapshotOf, subscriber, subscribersOf, type Subscriber } from './subscribers.ts'

const EVERYONE: SubscriberQuery = { segment: null, application: null, after: -1, limit: 3 }

/** Rows in blocks of 7, in the order given. */
const passOver =
  (subscribers: readonly Subscriber[]): ForEachRows =>
  (visit) => {
    for (let at = 0; at < subscribers.length; at += 7) {
      const part = subscribers.slice(at, at + 7)
      visit(rowsOf(part), part.length)
    }
  }

/** The subscribers of all pages, requested as a client does. */
function allPages(
  subscribers: readonly Subscriber[],
  query: SubscriberQuery,
  { segments }: Snapshot = snapshotOf(subscribers),
) {
  const found: ReturnType<typeof subscriberPageOf>['subscribers'] = []
  for (let after: number | null = query.after; after !== null;) {
    const page = subscriberPageOf({ ...query, after }, passOver(subscribers), segments)
    assert.ok(page.subscribers.length <= query.limit)
    assert.ok(page.next === null || page.subscribers.length === query.limit)
    found.push(...page.subscribers)
    after = page.next
  }
  return found
}

test('the pages have every subscriber once, by ascending MSISDN, for any order of rows', () => {
  fc.assert(
    fc.property(subscribersOf(40), fc.integer({ min: 1, max: 9 }), (subscribers, limit) => {
      const found = allPages(subscribers, { ...EVERYONE, limit })
      const sorted = subscribers.toSorted((a, b) => a.msisdn - b.msisdn)
      assert.deepEqual(
        found,
        sorted.map((each, at) => ({
          ...aggregateAt(rowsOf([each]), 0),
          segment: found[at].segment,
        })),
      )
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

test('a segment has as many subscribers as in the snapshot, and together they have all', () => {
  const subscribers = Array.from({ length: 90 }, (_, at) =>
    subscriber(1000 - at, 1 + (at % 10), (at * 37) % 1000, (at * 91) % 5000),
  )
  const { segments } = snapshotOf(subscribers)
  for (const { name, subscribers: size } of segments.segments) {
    const found = allPages(subscribers, { ...EVERYONE, segment: name, limit: 20 })
    assert.equal(found.length, size)
    assert.ok(found.every(({ segment }) => segment === name))
  }
})

test('an application has the subscribers with traffic in it, as many as in the snapshot', () => {
  fc.assert(
    fc.property(subscribersOf(30), (subscribers) => {
      const snapshot = snapshotOf(subscribers)
      for (const [at, name] of APPLICATIONS.entries()) {
        const found = allPages(subscribers, { ...EVERYONE, application: name }, snapshot)
        assert.equal(found.length, snapshot.applications[at].subscribers)
      }
    }),
    { numRuns: 10, endOnFailure: true },
  )
})

test('an unknown segment has no subscribers', () => {
  const subscribers = [subscriber(1, 1, 1, 1), subscriber(2, 5, 5, 5)]
  assert.deepEqual(allPages(subscribers, { ...EVERYONE, segment: 'nobody' }), [])
})
