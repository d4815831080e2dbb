// Look-ups in a roster, whose rows are read from the state: as of now, by partition and slot.
import { createJournalIndex, type JournalIndex } from '../../state/journal-index.ts'
import type { StateView } from '../../state/read.ts'
import { findAddedSlot, readRows } from '../../state/rows.ts'
import type { PartitionView } from '../../state/scan.ts'
import { FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { sumOfRows } from '../snapshot/merge.ts'
import { firstFrom, rowsOfPlace, type Roster } from '../snapshot/roster.ts'

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
 * The row of an MSISDN, null for an unknown one. The rows of one in several partitions are summed. A
 * row that was added since the roster is looked for in the slots that were added.
 */
export function findSubscriber(
  view: StateView,
  numbered: NumberedRoster,
  indexes: JournalIndexes,
  msisdn: number,
): FoundRow | Mismatch | null {
  const { roster } = numbered
  const place = firstFrom(roster, msisdn)
  const isKnown = roster.columns.msisdn[place] === msisdn
  const located = isKnown ? locate(view, numbered, place) : []
  const rows = located.map(({ partition, slot }) => readRow(partition, slot, indexes))
  if (rows.some((row) => row[FIELD.msisdn] !== msisdn)) return 'mismatch'
  for (const partition of view.partitions) {
    if (located.some((one) => one.partition === partition)) continue
    const slot = addedSlot(partition, numbered, indexes, msisdn)
    if (slot >= 0) rows.push(readRow(partition, slot, indexes))
  }
  if (rows.length > 0) return { row: sumOfRows(rows), place: located.length > 0 ? place : -1 }
  return view.partitions.every((one) => fits(one, numbered, indexes)) ? null : 'mismatch'
}

const readRow = (partition: PartitionView, slot: number, indexes: JournalIndexes): Float64Array =>
  readRows(partition, journalOf(indexes, partition), [slot])

/** The slot of an MSISDN among those that a partition got since the roster; -1 for none. */
function addedSlot(
  partition: PartitionView,
  { parts }: NumberedRoster,
  indexes: JournalIndexes,
  msisdn: number,
): number {
  const part = parts.find((one) => one.partition === partition.store.partition)
  const { subscribers: from, commit } = part ?? { subscribers: 0, commit: 0 }
  return findAddedSlot(partition, journalOf(indexes, partition), msisdn, from, commit)
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
  const [msisdn] = readRow(partition, slot, indexes)
  const [first, end] = rowsOfPlace(roster, firstFrom(roster, msisdn))
  return roster.indexes.subarray(first, end).includes(part.first + slot)
}

interface Located {
  partition: PartitionView
  slot: number
}

/** Partition and slot of each row of a place, without those of partitions that are not in the view. */
function locate(
  { partitions }: StateView,
  { parts, roster }: NumberedRoster,
  place: number,
): Located[] {
  const [from, end] = rowsOfPlace(roster, place)
  return Array.from(roster.indexes.subarray(from, end)).flatMap((index) => {
    const part = parts.findLast(({ first, subscribers }) => subscribers > 0 && first <= index)
    const partition = partitions.find(({ store }) => store.partition === part?.partition)
    if (part === undefined || partition === undefined) return []
    return [{ partition, slot: index - part.first }]
  })
}

/** Rows of places, and whether further ones follow. */
export interface PlacedRows {
  rows: FoundRow[]
  hasMore: boolean
}

/**
 * The subscribers at the first `limit` of some places by ascending MSISDN, without the rows of
 * partitions that are not in the view. A row that was added since the roster, in another partition
 * than the others of its subscriber, is in the next roster.
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
  let [subscribers, hasMore] = [0, false]
  for (const place of places) {
    const located = locate(view, numbered, place)
    if (located.length === 0) continue
    hasMore = subscribers >= limit
    if (hasMore) break
    subscribers++
    for (const one of located) chosen.push({ ...one, place })
  }
  const rows = new Map<number, Float64Array[]>()
  for (const partition of new Set(chosen.map((one) => one.partition))) {
    const own = chosen.filter((one) => one.partition === partition)
    const slots = own.map(({ slot }) => slot)
    const read = readRows(partition, journalOf(indexes, partition), slots)
    own.forEach(({ place }, i) => {
      const row = read.subarray(i * WIDTH, (i + 1) * WIDTH)
      rows.set(place, [...(rows.get(place) ?? []), row])
    })
  }
  for (const [place, own] of rows) {
    if (own.some((row) => row[FIELD.msisdn] !== msisdn[place])) return 'mismatch'
  }
  const found = [...new Set(chosen.map(({ place }) => place))].map((place) => {
    return { place, row: sumOfRows(rows.get(place) ?? []) }
  })
  return { rows: found, hasMore }
}
