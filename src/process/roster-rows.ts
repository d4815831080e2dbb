// Look-ups in a roster, whose rows are read from the state: as of now, by partition and slot.
import { createJournalIndex, type JournalIndex } from '../../state/journal-index.ts'
import type { StateView } from '../../state/read.ts'
import { findAddedSlot, readRows } from '../../state/rows.ts'
import type { PartitionView } from '../../state/scan.ts'
import { FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { firstFrom, type Roster } from '../snapshot/roster.ts'

/** One partition's part of a scan. */
export interface RosterPart {
  partition: number
  commit: number
  /** The index in the scan of its slot 0; its other slots follow. */
  first: number
  subscribers: number
}

/** The roster of a snapshot, or of a scan, and which slots it is of. */
export interface NumberedRoster {
  /** The number of the snapshot. */
  number: number
  /** In the order of the scan. */
  parts: RosterPart[]
  roster: Roster
}

/** The parts of a scan of a view. */
export function partsOf({ partitions }: StateView): RosterPart[] {
  let first = 0
  return partitions.map(({ store: { partition }, counters: { commit, subscribers } }) => {
    const part = { partition, commit, first, subscribers }
    first += subscribers
    return part
  })
}

/** What a reader remembers of each partition's journal, by partition. */
export type JournalIndexes = Map<number, JournalIndex>

/** A row as of a view, and its place in the roster; -1 when the roster does not have it. */
export interface FoundRow {
  row: Float64Array
  place: number
}

/** The roster is not of this state: a slot has another subscriber than in the roster. */
export type Mismatch = 'mismatch'

const journalOf = (indexes: JournalIndexes, { store }: PartitionView): JournalIndex => {
  const index = indexes.get(store.partition) ?? createJournalIndex()
  indexes.set(store.partition, index)
  return index
}

/** Whether each partition of the view is at or after the moment of the roster. */
export const follows = ({ partitions }: StateView, { parts }: NumberedRoster): boolean =>
  parts.every((part) => {
    const now = partitions.find(({ store }) => store.partition === part.partition)?.counters
    return now === undefined || (now.commit >= part.commit && now.subscribers >= part.subscribers)
  })

/**
 * The row of an MSISDN, null for an unknown one. Of one in several partitions the first counts, as in
 * a scan. A subscriber that was added since the roster is looked for in the slots that were added.
 */
export function findSubscriber(
  view: StateView,
  numbered: NumberedRoster,
  indexes: JournalIndexes,
  msisdn: number,
): FoundRow | Mismatch | null {
  const { roster, parts } = numbered
  const { msisdn: msisdns } = roster.columns
  for (let place = firstFrom(roster, msisdn); msisdns[place] === msisdn; place++) {
    const located = locate(view, numbered, place)
    if (located === null) continue
    const row = readRows(located.partition, journalOf(indexes, located.partition), [located.slot])
    return row[FIELD.msisdn] === msisdn ? { row, place } : 'mismatch'
  }
  for (const partition of view.partitions) {
    const part = parts.find((one) => one.partition === partition.store.partition)
    const { subscribers: from, commit } = part ?? { subscribers: 0, commit: 0 }
    const index = journalOf(indexes, partition)
    const slot = findAddedSlot(partition, index, msisdn, from, commit)
    if (slot >= 0) return { row: readRows(partition, index, [slot]), place: -1 }
  }
  return view.partitions.every((one) => fits(one, numbered, indexes)) ? null : 'mismatch'
}

/** Whether the last slot of a partition that the roster has is still that of the same subscriber. */
function fits(
  partition: PartitionView,
  { parts, roster }: NumberedRoster,
  indexes: JournalIndexes,
): boolean {
  const part = parts.find((one) => one.partition === partition.store.partition)
  if (part === undefined || part.subscribers === 0) return true
  const slot = part.subscribers - 1
  const [msisdn] = readRows(partition, journalOf(indexes, partition), [slot])
  return roster.columns.msisdn[roster.indexes.indexOf(part.first + slot)] === msisdn
}

interface Located {
  partition: PartitionView
  slot: number
}

/** Partition and slot of a place; null when the partition is not in the view. */
function locate(
  { partitions }: StateView,
  { parts, roster }: NumberedRoster,
  place: number,
): Located | null {
  const index = roster.indexes[place]
  const part = parts.findLast(({ first, subscribers }) => subscribers > 0 && first <= index)
  const partition = partitions.find(({ store }) => store.partition === part?.partition)
  if (part === undefined || partition === undefined) return null
  return { partition, slot: index - part.first }
}

/** Rows of places, and whether further ones follow. */
export interface PlacedRows {
  rows: FoundRow[]
  hasMore: boolean
}

/**
 * The rows of the first `limit` of some places by ascending MSISDN, without those of partitions that
 * are not in the view. An MSISDN that is in several partitions is not divided: then there are more.
 */
export function rowsAt(
  view: StateView,
  numbered: NumberedRoster,
  indexes: JournalIndexes,
  places: Iterable<number>,
  limit: number,
): PlacedRows | Mismatch {
  const { msisdn } = numbered.roster.columns
  const chosen: (Located & { place: number })[] = []
  let hasMore = false
  for (const place of places) {
    const located = locate(view, numbered, place)
    if (located === null) continue
    hasMore = chosen.length >= limit && msisdn[place] !== msisdn[chosen[chosen.length - 1].place]
    if (hasMore) break
    chosen.push({ ...located, place })
  }
  const rows = new Map<number, Float64Array>()
  for (const partition of new Set(chosen.map((one) => one.partition))) {
    const own = chosen.filter((one) => one.partition === partition)
    const slots = own.map(({ slot }) => slot)
    const read = readRows(partition, journalOf(indexes, partition), slots)
    own.forEach(({ place }, i) => rows.set(place, read.subarray(i * WIDTH, (i + 1) * WIDTH)))
  }
  const found = chosen.map(({ place }) => ({ place, row: rows.get(place)! }))
  if (found.some(({ place, row }) => row[FIELD.msisdn] !== msisdn[place])) return 'mismatch'
  return { rows: found, hasMore }
}
