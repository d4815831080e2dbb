// What a reader remembers of a partition's journal, so that a slot is found in it without a pass.
//
// The journal has up to a few hundred entries, one per commit, each with the changed rows by
// ascending slot. An entry never changes and is only removed, so what was read of it stays true.
import { commitOfKey, journalKey, pageOfKey } from './keys.ts'
import { openPage, skipNextRow, type PageReader } from './pages.ts'
import { journalKeyFrom, missingPage, type PartitionView } from './scan.ts'

/** An entry of the journal. */
interface IndexedEntry {
  commit: number
  pages: number
  /** The slots of its rows, ascending; null while only the number of pages is known. */
  slots: Uint32Array | null
  /** By page, with `slots`: the place of its first row in them. */
  starts: number[]
  /** By page: the slot of its first row, where it was read. */
  firsts: Map<number, number>
}

/** Entries by commit, up to and including one commit. */
export interface JournalIndex {
  commit: number
  entries: Map<number, IndexedEntry>
  /** Rows in a page of the base image, as found last: where to look first. */
  rowsPerPage: number
}

/** An index of nothing. */
export const createJournalIndex = (): JournalIndex => ({
  commit: 0,
  entries: new Map(),
  rowsPerPage: 45,
})

/** The slots of an entry are read when it has at most this many pages: 45 rows and 8 µs each. */
const SMALL_PAGES = 128
/** Pages that are read to find a slot in an entry of which the slots are not known. */
const PROBES = 4

/** Brings the index up to a view: one read for each commit since, and none of what was known. */
export function followJournal(index: JournalIndex, view: PartitionView): void {
  const { store, transaction, counters } = view
  if (index.commit > counters.commit) Object.assign(index, createJournalIndex())
  const oldest = journalKeyFrom(store, transaction, 0, 0)
  const first = oldest === undefined ? Infinity : commitOfKey(oldest)
  for (const commit of index.entries.keys()) if (commit < first) index.entries.delete(commit)
  for (let commit = index.commit + 1; ;) {
    const key = journalKeyFrom(store, transaction, commit, 0)
    if (key === undefined) break
    commit = commitOfKey(key)
    if (pageOfKey(key) > 0) throw missingPage(store, commit, 0)
    const pages = countPages(view, commit)
    index.entries.set(commit, { commit, pages, slots: null, starts: [], firsts: new Map() })
    commit++
  }
  index.commit = counters.commit
}

/** Pages are numbered from 0 without holes: doubling, then halving the range. */
function countPages(view: PartitionView, commit: number): number {
  const exists = (page: number): boolean => readJournal(view, commit, page) !== undefined
  let [below, above] = [0, 1]
  while (exists(above)) [below, above] = [above, above * 2]
  while (above - below > 1) {
    const middle = (below + above) >>> 1
    if (exists(middle)) below = middle
    else above = middle
  }
  return above
}

const readJournal = (
  { store, transaction }: PartitionView,
  commit: number,
  page: number,
): Buffer | undefined => store.journal.get(journalKey(commit, page), { transaction })

/** Opens a page of an entry. @throws PulseError `state-corrupt` when it is missing */
export function openJournalPage(view: PartitionView, commit: number, page: number): PageReader {
  const bytes = readJournal(view, commit, page)
  if (bytes === undefined) throw missingPage(view.store, commit, page)
  return openPage(bytes)
}

/** The entries after a commit, newest first. */
export const entriesAfter = ({ entries }: JournalIndex, commit: number): IndexedEntry[] =>
  [...entries.values()].filter((entry) => entry.commit > commit).reverse()

/**
 * A reader at the row of a slot in an entry; null when the entry does not have it. The slots of the
 * entry are read for good where that pays, which depends on how many slots are `wanted`.
 */
export function findInEntry(
  view: PartitionView,
  entry: IndexedEntry,
  slot: number,
  wanted: number,
): PageReader | null {
  const { pages, commit } = entry
  if (entry.slots === null && pages <= SMALL_PAGES + PROBES * wanted) readSlots(view, entry)
  const page = entry.slots === null ? probe(view, entry, slot) : pageOf(entry, slot)
  if (page < 0) return null
  const reader = openJournalPage(view, commit, page)
  while (reader.slot >= 0 && reader.slot < slot) skipNextRow(reader)
  return reader.slot === slot ? reader : null
}

function readSlots(view: PartitionView, entry: IndexedEntry): void {
  const slots: number[] = []
  for (let page = 0; page < entry.pages; page++) {
    entry.starts.push(slots.length)
    const reader = openJournalPage(view, entry.commit, page)
    while (reader.slot >= 0) {
      slots.push(reader.slot)
      skipNextRow(reader)
    }
  }
  entry.slots = Uint32Array.from(slots)
}

/** The page of a known slot; -1 for a slot that the entry does not have. */
function pageOf({ slots, starts }: IndexedEntry, slot: number): number {
  const place = slots === null ? -1 : lastAtMost(slots, slot)
  if (slots === null || place < 0 || slots[place] !== slot) return -1
  return lastAtMost(starts, place)
}

/** The last place of an ascending list with a number of at most `most`; -1 for none. */
function lastAtMost(ascending: ArrayLike<number>, most: number): number {
  let [below, above] = [-1, ascending.length]
  while (above - below > 1) {
    const middle = (below + above) >>> 1
    if (ascending[middle] <= most) below = middle
    else above = middle
  }
  return below
}

/**
 * The last page of an entry that begins at or before a slot, by reading first rows; -1 for none. The
 * guess is by proportion, as pages are about equally full, and every other time the middle.
 */
function probe(view: PartitionView, entry: IndexedEntry, slot: number): number {
  const { commit, pages, firsts } = entry
  const firstOf = (page: number): number => {
    const first = firsts.get(page) ?? openJournalPage(view, commit, page).slot
    firsts.set(page, first)
    return first
  }
  let [low, lowSlot] = [0, firstOf(0)]
  if (lowSlot > slot) return -1
  let [high, highSlot] = [pages, view.counters.subscribers]
  for (let turn = 0; high - low > 1; turn++) {
    const share = turn % 2 === 0 ? (slot - lowSlot) / (highSlot - lowSlot) : 0.5
    const guess = low + Math.max(1, Math.min(high - low - 1, Math.floor((high - low) * share)))
    const first = firstOf(guess)
    if (first <= slot) [low, lowSlot] = [guess, first]
    else [high, highSlot] = [guess, first]
  }
  return low
}
