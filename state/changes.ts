// The rows of a partition that changed after a commit, as of one read transaction.
//
// A row that changed is in the base image of a block that was written since, or in an entry of the
// journal since; it is whole in both. A block that was written since has all of its rows: the number of
// records of a subscriber grows with each change, and shows which of them are new to the caller.
import { WIDTH } from '../src/subscriber/aggregate.ts'
import type { ReadTransaction } from './environment.ts'
import { blockKey } from './keys.ts'
import { BLOCK_BITS, BLOCK_SLOTS, openPage, readNextRow, type PageReader } from './pages.ts'
import { journalEntries, openNextPage, type JournalEntry } from './scan.ts'
import type { PartitionStore } from './store.ts'

/** Rows of one block, valid until the next one; a slot without a row has no records. */
export interface ChangedBlock {
  rows: Float64Array
  first: number
  count: number
}

/**
 * The rows that changed after commit `since`, block by block: all of them, and others of their blocks.
 *
 * @param slots number of subscribers of the partition as of the transaction
 * @throws PulseError `state-corrupt` when a page is missing
 */
export function* changedBlocks(
  store: PartitionStore,
  transaction: ReadTransaction,
  slots: number,
  since: number,
): Generator<ChangedBlock> {
  const rows = new Float64Array(BLOCK_SLOTS * WIDTH)
  const entries = journalEntries(store, transaction, since + 1)
  for (let block = 0; block < Math.ceil(slots / BLOCK_SLOTS); block++) {
    const first = block << BLOCK_BITS
    const { found, tag } = readBlock(store, transaction, block, since, rows)
    if (!found) {
      if (!entries.some(({ reader }) => isIn(reader, first))) continue
      rows.fill(0)
    }
    for (const entry of entries) overlay(store, transaction, entry, first, tag, rows)
    yield { rows, first, count: Math.min(BLOCK_SLOTS, slots - first) }
  }
}

const isIn = (reader: PageReader | null, first: number): boolean =>
  reader !== null && reader.slot < first + BLOCK_SLOTS

/** Reads the base image of a block if it was written after `since`. */
function readBlock(
  store: PartitionStore,
  transaction: ReadTransaction,
  block: number,
  since: number,
  rows: Float64Array,
): { found: boolean; tag: number } {
  let tag = 0
  for (let page = 0; ; page++) {
    const bytes = store.subscribers.getPassing(blockKey(block, page), { transaction })
    if (bytes === undefined) return { found: page > 0, tag }
    const reader = openPage(bytes)
    tag = reader.tag
    if (tag <= since) return { found: false, tag }
    if (page === 0) rows.fill(0)
    const first = block << BLOCK_BITS
    while (reader.slot >= 0) readNextRow(reader, rows, (reader.slot - first) * WIDTH)
  }
}

/** Copies the rows of a block over those in `rows` if they are newer than its base image. */
function overlay(
  store: PartitionStore,
  transaction: ReadTransaction,
  entry: JournalEntry,
  first: number,
  tag: number,
  rows: Float64Array,
): void {
  const other = new Float64Array(WIDTH)
  while (entry.reader !== null && entry.reader.slot < first + BLOCK_SLOTS) {
    const offset = (entry.reader.slot - first) * WIDTH
    if (entry.commit > tag) readNextRow(entry.reader, rows, offset)
    else readNextRow(entry.reader, other, 0)
    if (entry.reader.slot < 0) openNextPage(store, transaction, entry)
  }
}
