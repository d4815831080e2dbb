// Single rows of a partition as of one read transaction: from the journal, else the base image.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { entriesAfter, findInEntry, followJournal, openJournalPage } from './journal-index.ts'
import type { JournalIndex } from './journal-index.ts'
import { blockKey } from './keys.ts'
import { BLOCK_BITS, BLOCK_SLOTS, openPage, readNextRow, skipNextRow } from './pages.ts'
import type { PageReader } from './pages.ts'
import { missingRow, type PartitionView } from './scan.ts'

/**
 * Reads the rows of slots below the number of subscribers, WIDTH numbers each, in the order asked
 * for. A row of the journal replaces that of the base image when its commit is newer than the image
 * of its block; the newest one counts.
 *
 * @throws PulseError `state-corrupt` when a row is missing
 */
export function readRows(
  view: PartitionView,
  index: JournalIndex,
  slots: readonly number[],
): Float64Array {
  followJournal(index, view)
  const rows = new Float64Array(slots.length * WIDTH)
  slots.forEach((slot, i) => {
    readRow(view, index, slot, slots.length, rows, i * WIDTH)
    // Every subscriber has at least one record.
    if (rows[i * WIDTH + FIELD.records] === 0) throw missingRow(view.store, slot)
  })
  return rows
}

function readRow(
  view: PartitionView,
  index: JournalIndex,
  slot: number,
  wanted: number,
  rows: Float64Array,
  offset: number,
): void {
  const { tag, reader } = findInBase(view, index, slot)
  for (const entry of entriesAfter(index, tag)) {
    const found = findInEntry(view, entry, slot, wanted)
    if (found === null) continue
    readNextRow(found, rows, offset)
    return
  }
  if (reader !== null) readNextRow(reader, rows, offset)
}

const openBase = (
  { store, transaction }: PartitionView,
  block: number,
  page: number,
): PageReader | null => {
  const bytes = store.subscribers.get(blockKey(block, page), { transaction })
  return bytes === undefined ? null : openPage(bytes)
}

/** A reader at the row of a slot, null without one; and the commit of the block's image, or 0. */
function findInBase(
  view: PartitionView,
  index: JournalIndex,
  slot: number,
): { tag: number; reader: PageReader | null } {
  const block = slot >>> BLOCK_BITS
  let page = Math.floor((slot & (BLOCK_SLOTS - 1)) / index.rowsPerPage)
  let reader = openBase(view, block, page)
  while ((reader === null || reader.slot > slot) && page > 0) reader = openBase(view, block, --page)
  let tag = 0
  while (reader !== null && reader.slot <= slot) {
    tag = reader.tag
    if (page > 0) index.rowsPerPage = (reader.slot & (BLOCK_SLOTS - 1)) / page
    while (reader.slot >= 0 && reader.slot < slot) skipNextRow(reader)
    if (reader.slot === slot) return { tag, reader }
    reader = openBase(view, block, ++page)
  }
  return { tag: reader?.tag ?? tag, reader: null }
}

/**
 * The slot of an MSISDN among those from `from` on, which were added after the commit `since`; -1 for
 * none. Reads these rows: they are in newer base images or journal entries.
 */
export function findAddedSlot(
  view: PartitionView,
  index: JournalIndex,
  msisdn: number,
  from: number,
  since: number,
): number {
  const { subscribers } = view.counters
  if (from >= subscribers) return -1
  followJournal(index, view)
  for (let block = from >>> BLOCK_BITS; block << BLOCK_BITS < subscribers; block++) {
    for (let page = 0; ; page++) {
      const reader = openBase(view, block, page)
      if (reader === null) break
      const slot = slotIn(reader, msisdn)
      if (slot >= 0) return slot
    }
  }
  for (const { commit, pages } of entriesAfter(index, since)) {
    // The slots that were added are the last ones.
    for (let page = pages - 1; page >= 0; page--) {
      const reader = openJournalPage(view, commit, page)
      const first = reader.slot
      const slot = slotIn(reader, msisdn)
      if (slot >= 0) return slot
      if (first < from) break
    }
  }
  return -1
}

function slotIn(reader: PageReader, msisdn: number): number {
  while (reader.slot >= 0) {
    const { slot } = reader
    if (skipNextRow(reader) === msisdn) return slot
  }
  return -1
}
