// Ranks and pages from a roster are those of passes over all rows.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { APPLICATIONS } from '../../src/record/columns.ts'
import { viewRanked, viewSubscriber, type ForEachRows } from '../../src/snapshot/lookup.ts'
import { indexRanks, ranksOf } from '../../src/snapshot/ranks.ts'
import { matchingPlaces, segmentsOfRoster } from '../../src/snapshot/roster-page.ts'
import { rosterOf } from '../../src/snapshot/roster.ts'
import { scanSubscribers } from '../../src/snapshot/merge.ts'
import { subscriberPageOf } from '../../src/snapshot/subscriber-page.ts'
import { summed } from '../summed-rows.ts'
import { rowsOf, scanOf, snapshotOf, subscribersOf, type Subscriber } from './subscribers.ts'

const passOver =
  (subscribers: readonly Subscriber[]): ForEachRows =>
  (visit) =>
    visit(rowsOf(subscribers), subscribers.length)

/** Some subscribers, and one of them or a new one with other numbers. */
const changed = fc.tuple(subscribersOf(40), subscribersOf(1), fc.nat(), fc.boolean())

test('ranks of any row among a roster are those of a pass in which it replaces its former self', () => {
  fc.assert(
    fc.property(changed, ([subscribers, others, pick, isNew]) => {
      fc.pre(others.length > 0 && subscribers.length > 0)
      const [other] = others
      const former = subscribers[pick % subscribers.length]
      const msisdn = isNew ? 1e15 + (pick % 2) : former.msisdn
      const now = { ...other, msisdn }
      const rest = subscribers.filter((each) => each.msisdn !== msisdn)
      const roster = rosterOf(scanOf(subscribers, 7))
      const row = rowsOf([now])
      const own = roster.columns.msisdn.indexOf(msisdn)
      const { segments } = snapshotOf(subscribers)
      assert.deepEqual(
        viewRanked(row, ranksOf(indexRanks(roster), row, own), segments),
        viewSubscriber(row, passOver([...rest, now]), segments),
      )
    }),
    { numRuns: 60, endOnFailure: true },
  )
})

test('an MSISDN in several partitions has one place, and ranks by its sums', () => {
  fc.assert(
    fc.property(subscribersOf(20), fc.array(fc.nat()), (subscribers, picks) => {
      fc.pre(subscribers.length > 0)
      const twins = picks.map((pick) => {
        const { msisdn } = subscribers[pick % subscribers.length]
        return { ...subscribers[(pick >>> 3) % subscribers.length], msisdn }
      })
      const rows = [...subscribers, ...twins].map((one) => rowsOf([one]))
      const sums = summed(rows)
      const passOverSums: ForEachRows = (visit) => sums.forEach((row) => visit(row, 1))
      const roster = rosterOf(scanSubscribers((visit) => rows.forEach((row) => visit(row, 1)), 3))
      assert.deepEqual([...roster.columns.msisdn], [...sums.keys()])
      const ranks = indexRanks(roster)
      const { segments } = snapshotOf(subscribers)
      let place = 0
      for (const row of sums.values()) {
        const expected = viewSubscriber(row, passOverSums, segments)
        assert.deepEqual(viewRanked(row, ranksOf(ranks, row, place++), segments), expected)
      }
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

test('the places that match are the subscribers of a page without an end', () => {
  const query = fc.record({
    segment: fc.constantFrom(null, 'low', 'medium', 'high', 'nobody'),
    application: fc.constantFrom(null, ...APPLICATIONS),
    after: fc.constantFrom(-1, 0, 500, 1e9),
  })
  fc.assert(
    fc.property(subscribersOf(40), query, (subscribers, asked) => {
      const { segments } = snapshotOf(subscribers)
      const roster = rosterOf(scanOf(subscribers, 7))
      const named = segmentsOfRoster(roster, segments)
      const found = [...matchingPlaces(roster, named, asked)].map((place) => ({
        msisdn: roster.columns.msisdn[place],
        segment: named.names.at(named.labels[place]),
      }))
      const page = subscriberPageOf({ ...asked, limit: 1000 }, passOver(subscribers), segments)
      assert.deepEqual(
        found,
        page.subscribers.map(({ msisdn, segment }) => ({ msisdn, segment })),
      )
    }),
    { numRuns: 60, endOnFailure: true },
  )
})
