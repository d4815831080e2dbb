// Answers look-ups from a roster: that of the last snapshot, or of an own scan before there is one.
import type { StateView } from '../../state/read.ts'
import { assert } from '../errors.ts'
import { viewRanked, type ForEachRows } from '../snapshot/lookup.ts'
import { scanSubscribers } from '../snapshot/merge.ts'
import { indexRanks, ranksOf, type RankIndex } from '../snapshot/ranks.ts'
import { matchingPlaces, segmentsOfRoster, type RosterSegments } from '../snapshot/roster-page.ts'
import { rosterOf } from '../snapshot/roster.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { pageOf, type SubscriberPage, type SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { SubscriberView } from '../snapshot/subscriber-schema.ts'
import { findSubscriber, follows, partsOf, rowsAt } from './roster-rows.ts'
import type { JournalIndexes, Mismatch, NumberedRoster } from './roster-rows.ts'

/** The part of a snapshot that gives a subscriber its segment. */
export type Against = Pick<Snapshot, 'number' | 'segments'>

/** A result, and the number of the snapshot whose subscribers it ranks or lists. */
export interface Compared<T> {
  found: T
  snapshotNumber: number
}

/** Answers look-ups one after another, each from one view of the state. */
export interface RosterLookUps {
  /** Receives the roster of a newer snapshot. */
  replaceRoster(numbered: NumberedRoster): void
  /** One subscriber as of the view; null for an unknown one. */
  lookUp(view: StateView, msisdn: number, against: Against): Compared<SubscriberView | null>
  /** A page of the subscribers of the roster, with their numbers as of the view. */
  list(view: StateView, query: SubscriberQuery, against: Against): Compared<SubscriberPage>
}

/** What look-ups need: a roster, and what was derived from it when it was needed first. */
interface Basis {
  numbered: NumberedRoster
  ranks: RankIndex | null
  segments: { number: number; of: RosterSegments } | null
}

/** Look-ups without a roster; `rowsOf` scans a view. */
export function createRosterLookUps(rowsOf: (view: StateView) => ForEachRows): RosterLookUps {
  const journals: JournalIndexes = new Map()
  let basis: Basis | null = null
  // An idle process derives nothing from the rosters that it receives.
  let isUsed = false
  const scan = (view: StateView): Basis => {
    // The former one is released first.
    basis = null
    return (basis = basisOf(scanRoster(view, rowsOf(view)), true))
  }
  /** Tries with the roster that there is, and with a new one if it is not of this state. */
  const withBasis = <T>(view: StateView, work: (basis: Basis) => T | Mismatch): Compared<T> => {
    isUsed = true
    const first = basis !== null && follows(view, basis.numbered) ? basis : scan(view)
    const found = work(first)
    if (found !== 'mismatch') return { found, snapshotNumber: first.numbered.number }
    const second = scan(view)
    const again = work(second)
    assert(again !== 'mismatch', 'a roster fits the state that it was scanned from')
    return { found: again, snapshotNumber: second.numbered.number }
  }
  return {
    replaceRoster(numbered) {
      basis = null
      basis = basisOf(numbered, isUsed)
      isUsed = false
    },
    lookUp: (view, msisdn, { segments }) =>
      withBasis(view, (used) => {
        const found = findSubscriber(view, used.numbered, journals, msisdn)
        if (found === null || found === 'mismatch') return found
        used.ranks ??= indexRanks(used.numbered.roster)
        return viewRanked(found.row, ranksOf(used.ranks, found.row, found.place), segments)
      }),
    list: (view, { limit, ...query }, against) =>
      withBasis(view, (used) => {
        const { roster } = used.numbered
        const { labels, names } = labelsOf(used, against)
        const places = matchingPlaces(roster, { labels, names }, query)
        const found = rowsAt(view, used.numbered, journals, places, limit)
        if (found === 'mismatch') return found
        const named = found.rows.map(({ row, place }) => {
          return { row, segment: names.at(labels[place]) ?? null }
        })
        return pageOf(named, found.hasMore)
      }),
  }
}

const basisOf = (numbered: NumberedRoster, isUsed: boolean): Basis => ({
  numbered,
  ranks: isUsed ? indexRanks(numbered.roster) : null,
  segments: null,
})

/** The segments of a roster's subscribers, computed once per snapshot. */
function labelsOf(basis: Basis, { number, segments }: Against): RosterSegments {
  if (basis.segments?.number !== number) {
    basis.segments = { number, of: segmentsOfRoster(basis.numbered.roster, segments) }
  }
  return { ...basis.segments.of, names: segments.segments.map(({ name }) => name) }
}

function scanRoster(view: StateView, forEachRows: ForEachRows): NumberedRoster {
  const scan = scanSubscribers(forEachRows, 0)
  return { number: view.counters.commit, parts: partsOf(view), roster: rosterOf(scan) }
}
