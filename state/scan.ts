// Goes over all aggregates of a partition as of one read transaction: base image, then journal.
import { PulseError } from '../src/errors.ts'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { commitOfKey, journalKey, segmentOfKey } from './keys.ts'
import { openPiece, SEGMENT_BITS, SEGMENT_SLOTS, takeRow, type PieceReader } from './pages.ts'
import type { PartitionStore, ReadTransaction } from './store.ts'

/** How a segment stands in the store; what the writer needs to go on. */
export interface SegmentState {
  /** Pieces of its base image. */
  pieces: number
  /** First commit whose journal holds rows that the base image lacks; 0: none. */
  staleSince: number
}

/** Rows of one segment, WIDTH numbers each, in slot order; valid until the next call. */
export type VisitSegment = (rows: Float64Array, count: number, segment: SegmentState) => void

/** One commit's rows in the journal, read piece by piece in slot order. */
interface JournalEntry {
  commit: number
  piece: number
  reader: PieceReader | null
}

/**
 * Visits all rows, segment by segment. A row of the journal counts when it is newer than the base
 * image of its segment; later commits overwrite earlier ones.
 *
 * @param slots subscribers of the partition as of the transaction
 * @throws PulseError `state-corrupt` when rows are missing
 */
export function scanPartition(
  store: PartitionStore,
  transaction: ReadTransaction,
  slots: number,
  visit: VisitSegment,
): void {
  const rows = new Float64Array(SEGMENT_SLOTS * WIDTH)
  const journal = journalEntries(store, transaction)
  const base = store.subscribers.getRange({ transaction, snapshot: true })[Symbol.iterator]()
  let next = base.next()
  const segments = Math.ceil(slots / SEGMENT_SLOTS)
  for (let segment = 0; segment < segments; segment++) {
    const first = segment << SEGMENT_BITS
    const state: SegmentState = { pieces: 0, staleSince: 0 }
    let asOf = 0
    let count = 0
    rows.fill(0)
    while (next.done !== true && segmentOfKey(next.value.key) === segment) {
      const reader = openPiece(next.value.value)
      asOf = reader.tag
      for (; reader.slot >= 0; count++) takeRow(reader, rows, (reader.slot - first) * WIDTH)
      state.pieces++
      next = base.next()
    }
    for (const entry of journal) overlay(store, transaction, entry, first, asOf, rows, state)
    count = Math.min(SEGMENT_SLOTS, slots - first)
    requireRows(store, rows, count, first)
    visit(rows, count, state)
  }
}

function journalEntries(store: PartitionStore, transaction: ReadTransaction): JournalEntry[] {
  const entries: JournalEntry[] = []
  let after = journalKey(0, 0)
  for (;;) {
    const key = [...store.journal.getKeys({ transaction, start: after, limit: 1 })].at(0)
    if (key === undefined) return entries
    const commit = commitOfKey(key)
    const entry: JournalEntry = { commit, piece: -1, reader: null }
    nextPiece(store, transaction, entry)
    entries.push(entry)
    after = journalKey(commit + 1, 0)
  }
}

function nextPiece(store: PartitionStore, transaction: ReadTransaction, entry: JournalEntry): void {
  entry.piece++
  const bytes = store.journal.get(journalKey(entry.commit, entry.piece), { transaction })
  entry.reader = bytes === undefined ? null : openPiece(bytes)
}

/** Puts the entry's rows of the segment that begins at slot `first` over those in `rows`. */
function overlay(
  store: PartitionStore,
  transaction: ReadTransaction,
  entry: JournalEntry,
  first: number,
  asOf: number,
  rows: Float64Array,
  state: SegmentState,
): void {
  const newer = entry.commit > asOf
  while (entry.reader !== null && entry.reader.slot < first + SEGMENT_SLOTS) {
    const at = newer ? (entry.reader.slot - first) * WIDTH : -1
    takeRow(entry.reader, newer ? rows : skipped, Math.max(at, 0))
    if (newer && state.staleSince === 0) state.staleSince = entry.commit
    if (entry.reader.slot < 0) nextPiece(store, transaction, entry)
  }
}

const skipped = new Float64Array(WIDTH)

/** Every subscriber has at least one record: a row without is one that the store lost. */
function requireRows(
  store: PartitionStore,
  rows: Float64Array,
  count: number,
  first: number,
): void {
  for (let i = 0; i < count; i++) {
    if (rows[i * WIDTH + FIELD.records] > 0) continue
    throw new PulseError(
      'state-corrupt',
      `${store.directory}: the aggregate in slot ${first + i} is missing, expected one for each ` +
        'subscriber; the state cannot be trusted: replay the files into a new directory',
    )
  }
}

/** Throws PulseError `state-corrupt` unless subscribers have as many records as were applied. */
export function requireRecords(store: PartitionStore, records: number, applied: number): void {
  if (records === applied) return
  throw new PulseError(
    'state-corrupt',
    `${store.directory}: its subscribers have ${records} records, its counters say ${applied}; ` +
      'the state cannot be trusted: replay the files into a new directory',
  )
}
