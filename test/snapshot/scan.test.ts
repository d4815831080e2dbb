// A scan has exact totals and top lists for any order and blocks of rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { totalOf } from '../../src/snapshot/exact.ts'
import { orderByMsisdn } from '../../src/snapshot/order.ts'
import { entriesOf } from '../../src/snapshot/top.ts'
import { scanOf, snapshotOf, subscriber, subscribersOf, type Subscriber } from './subscribers.ts'

const VALUES: Record<string, (each: Subscriber) => number> = {
  sessions: (each) => each.sessions,
  durationMs: (each) => each.durationMs,
  trafficBytes: (each) => each.downlinkBytes + each.uplinkBytes,
  downlinkBytes: (each) => each.downlinkBytes,
  uplinkBytes: (each) => each.uplinkBytes,
}

function naiveTop(
  subscribers: readonly Subscriber[],
  value: (each: Subscriber) => number,
  length: number,
): { msisdn: number; value: number }[] {
  return subscribers
    .map((each) => ({ msisdn: each.msisdn, value: value(each) }))
    .sort((a, b) => b.value - a.value || a.msisdn - b.msisdn)
    .slice(0, length)
}

test('top lists are the head of a sorted list', () => {
  fc.assert(
    fc.property(subscribersOf(60), fc.integer({ min: 0, max: 12 }), (subscribers, length) => {
      const scan = scanOf(subscribers, 7, length)
      Object.values(VALUES).forEach((value, at) => {
        assert.deepEqual(entriesOf(scan.tops[at], 99), naiveTop(subscribers, value, length))
      })
      scan.applicationTops.forEach((list, at) => {
        const traffic = (each: Subscriber): number =>
          each.applications[at][0] + each.applications[at][1]
        assert.deepEqual(entriesOf(list, 99), naiveTop(subscribers, traffic, length))
        assert.equal(scan.users[at], subscribers.filter((each) => traffic(each) > 0).length)
      })
    }),
  )
})

test('totals beyond 2^53 are the nearest number to the exact sum', () => {
  const large = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(fc.array(large, { maxLength: 40 }), (amounts) => {
      const subscribers = amounts.map((bytes, at) => subscriber(at + 1, 1, bytes, bytes, 1))
      const sum = amounts.reduce((total, bytes) => total + BigInt(bytes), 0n)
      const snapshot = snapshotOf(subscribers, { k: 1 })
      assert.equal(snapshot.durationMs, Number(sum))
      assert.equal(snapshot.trafficBytes, Number(sum + BigInt(amounts.length)))
    }),
    { numRuns: 30, endOnFailure: true },
  )
})

test('a total does not depend on the order of its parts', () => {
  const amounts = Array.from({ length: 3000 }, (_, at) => Number.MAX_SAFE_INTEGER - at * 7)
  const scans = [amounts, amounts.toReversed()].map((each) =>
    scanOf(each.map((bytes, at) => subscriber(at + 1, 1, 1, bytes))),
  )
  assert.equal(totalOf(scans[0].sums, 4), totalOf(scans[1].sums, 4))
})

test('the canonical order is by MSISDN, also over more than one block of columns', () => {
  const msisdns = Array.from(
    { length: 70_000 },
    (_, at) => ((at + 1) * 690_497_011_337) % (1e15 - 11),
  )
  const scan = scanOf(msisdns.map((msisdn) => subscriber(msisdn, 1, 1, 1)))
  const ordered = Array.from(orderByMsisdn(scan), (index) => msisdns[index])
  assert.deepEqual(
    ordered,
    msisdns.toSorted((a, b) => a - b),
  )
})

test('the canonical order is by MSISDN for any few subscribers', () => {
  fc.assert(
    fc.property(subscribersOf(30), (subscribers) => {
      const order = orderByMsisdn(scanOf(subscribers))
      const ordered = Array.from(order, (index) => subscribers[index].msisdn)
      assert.deepEqual(
        ordered,
        ordered.toSorted((a, b) => a - b),
      )
      assert.equal(new Set(order).size, subscribers.length)
    }),
  )
})
