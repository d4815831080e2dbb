// Scans all aggregates of a partition as of one read transaction: base image, then journal.
import { PulseError } from '../src/errors.ts'
import { FIELD, sumRecords, WIDTH } from '../src/subscriber/aggregate.ts'
import type { ReadTransaction } from './environment.ts'
import { blockKey, commitOfKey, journalKey } from './keys.ts'
import { BLOCK_BITS, BLOCK_SLOTS, openPage, readNextRow, skipNextRow } from './pages.ts'
import type { Counters } from './partition-metadata.ts'
import type { PageReader } from './pages.ts'
import type { PartitionStore } from './store.ts'

/** One partition as of one read transaction. */
export interface PartitionView {
  store: PartitionStore
  transaction: ReadTransaction
  counters: Counters
}

/** The state of a block in the store, from which the writer continues its sweep. */
export interface BlockState {
  /** Number of pages of its base image. */
  pages: number
  /** The first commit in the journal with rows that the base image lacks; 0 for none. */
  staleSince: number
}

/** Receives the rows of one block, WIDTH numbers each, in slot order; valid until the next call. */
export type VisitBlock = (rows: Float64Array, count: number, block: BlockState) => void

/** One commit's rows in the journal, read page by page in slot order. */
export interface JournalEntry {
  commit: number
  page: number
  reader: PageReader | null
}

/**
 * Visits all rows, block by block. A row of the journal replaces that of the base image when its
 * commit is newer than the base image of its block; later commits replace earlier ones.
 *
 * @param slots number of subscribers of the partition as of the transaction
 * @throws PulseError `state-corrupt` when rows are missing
 */
export function scanPartition(
  store: PartitionStore,
  transaction: ReadTransaction,
  slots: number,
  visit: VisitBlock,
): void {
  const rows = new Float64Array(BLOCK_SLOTS * WIDTH)
  const journal = journalEntries(store, transaction)
  const blocks = Math.ceil(slots / BLOCK_SLOTS)
  for (let block = 0; block < blocks; block++) {
    const first = block << BLOCK_BITS
    const state: BlockState = { pages: 0, staleSince: 0 }
    let asOf = 0
    rows.fill(0)
    for (; ; state.pages++) {
      const bytes = store.subscribers.getPassing(blockKey(block, state.pages), { transaction })
      if (bytes === undefined) break
      const reader = openPage(bytes)
      asOf = reader.tag
      while (reader.slot >= 0) readNextRow(reader, rows, (reader.slot - first) * WIDTH)
    }
    for (const entry of journal) overlay(store, transaction, entry, first, asOf, rows, state)
    const count = Math.min(BLOCK_SLOTS, slots - first)
    requireRows(store, rows, count, first)
    visit(rows, count, state)
  }
}

/**
 * Visits all rows of a partition, and checks that they have the records that were applied.
 *
 * @throws PulseError `state-corrupt`
 */
export function scanWhole(
  { store, transaction, counters }: PartitionView,
  visit: (rows: Float64Array, count: number) => void,
): void {
  let records = 0
  scanPartition(store, transaction, counters.subscribers, (rows, count) => {
    records += sumRecords(rows, count)
    visit(rows, count)
  })
  requireRecords(store, records, counters.applied)
}

/** The entries of the journal from a commit on, each before its first row. */
export function journalEntries(
  store: PartitionStore,
  transaction: ReadTransaction,
  from = 0,
): JournalEntry[] {
  const entries: JournalEntry[] = []
  for (let after = from; ;) {
    const key = journalKeyFrom(store, transaction, after, 0)
    if (key === undefined) return entries
    const entry: JournalEntry = { commit: commitOfKey(key), page: -1, reader: null }
    openNextPage(store, transaction, entry)
    entries.push(entry)
    after = entry.commit + 1
  }
}

/** The key of the first page of the journal at or after one. */
export const journalKeyFrom = (
  { journal }: PartitionStore,
  transaction: ReadTransaction,
  commit: number,
  page: number,
): Buffer | undefined =>
  [...journal.getKeys({ transaction, start: journalKey(commit, page), limit: 1 })].at(0)

/** Opens the next page of an entry; its reader is null after the last one. */
export function openNextPage(
  store: PartitionStore,
  transaction: ReadTransaction,
  entry: JournalEntry,
): void {
  entry.page++
  const bytes = store.journal.get(journalKey(entry.commit, entry.page), { transaction })
  entry.reader = bytes === undefined ? null : openPage(bytes)
  if (bytes !== undefined) return
  const next = journalKeyFrom(store, transaction, entry.commit, entry.page)
  if (next === undefined || commitOfKey(next) !== entry.commit) return
  throw missingPage(store, entry.commit, entry.page)
}

/** The error for a page that an entry of the journal lacks. */
export const missingPage = (store: PartitionStore, commit: number, page: number): PulseError =>
  new PulseError(
    'state-corrupt',
    `${store.directory}: page ${page} of commit ${commit} is missing in the journal; ` +
      'the state is damaged: replay the files into a new directory',
  )

/** Copies the entry's rows of the block that begins at slot `first` over those in `rows`. */
function overlay(
  store: PartitionStore,
  transaction: ReadTransaction,
  entry: JournalEntry,
  first: number,
  asOf: number,
  rows: Float64Array,
  state: BlockState,
): void {
  const newer = entry.commit > asOf
  while (entry.reader !== null && entry.reader.slot < first + BLOCK_SLOTS) {
    if (newer) {
      readNextRow(entry.reader, rows, (entry.reader.slot - first) * WIDTH)
      if (state.staleSince === 0) state.staleSince = entry.commit
    } else {
      skipNextRow(entry.reader)
    }
    if (entry.reader.slot < 0) openNextPage(store, transaction, entry)
  }
}

/** Every subscriber has at least one record: the store has lost a row without records. */
function requireRows(
  store: PartitionStore,
  rows: Float64Array,
  count: number,
  first: number,
): void {
  for (let i = 0; i < count; i++) {
    if (rows[i * WIDTH + FIELD.records] === 0) throw missingRow(store, first + i)
  }
}

/** The error for a slot without a row. */
export const missingRow = (store: PartitionStore, slot: number): PulseError =>
  new PulseError(
    'state-corrupt',
    `${store.directory}: the aggregate in slot ${slot} is missing, expected one per ` +
      'subscriber; the state is damaged: replay the files into a new directory',
  )

/**
 * Checks that the subscribers have as many records as were applied.
 *
 * @throws PulseError `state-corrupt`
 */
export function requireRecords(store: PartitionStore, records: number, applied: number): void {
  if (records === applied) return
  throw new PulseError(
    'state-corrupt',
    `${store.directory}: its subscribers have ${records} records, expected ${applied}, the number ` +
      'applied; the state is damaged: replay the files into a new directory',
  )
}
