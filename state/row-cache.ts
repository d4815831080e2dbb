// A copy of a partition's aggregates in memory that follows the store at the cost of what changed.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { CHUNK_BITS, CHUNK_MASK } from '../src/subscriber/table.ts'
import { commitOfKey, journalKey, blockKey } from './keys.ts'
import type { Counters } from './partition-metadata.ts'
import { openPage, BLOCK_BITS, takeRow } from './pages.ts'
import { requireRecords } from './scan.ts'
import type { PartitionStore, ReadTransaction } from './store.ts'

/** Rows by slot, in chunks as in the writer's memory, as of a commit; 0 before the first. */
export interface CachedPartition {
  commit: number
  count: number
  /** Of all rows together. */
  records: number
  chunks: Float64Array[]
}

/** Cached rows by partition. */
export type RowCache = Map<number, CachedPartition>

export const createCachedPartition = (): CachedPartition => ({
  commit: 0,
  count: 0,
  records: 0,
  chunks: [],
})

/**
 * Brings a copy up to a transaction: base images and journal entries that are newer than it. What
 * the journal no longer holds, newer base images do. After an error the copy is of no use.
 *
 * @param counters those of the transaction
 * @throws PulseError `state-corrupt` when what changed is not all there
 */
export function updateCache(
  copy: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  { commit, subscribers, applied }: Counters,
): void {
  while (copy.chunks.length << CHUNK_BITS < subscribers) {
    copy.chunks.push(new Float64Array(WIDTH << CHUNK_BITS))
  }
  const images = takeBase(copy, store, transaction, subscribers)
  takeJournal(copy, store, transaction, images)
  requireRecords(store, copy.records, applied)
  copy.count = subscribers
  copy.commit = commit
}

/** Visits all rows of a copy, WIDTH numbers each, chunk by chunk; they are not to be changed. */
export function visitCached(
  { chunks, count }: CachedPartition,
  visit: (rows: Float64Array, count: number) => void,
): void {
  for (let first = 0; first < count; first += CHUNK_MASK + 1) {
    visit(chunks[first >>> CHUNK_BITS], Math.min(CHUNK_MASK + 1, count - first))
  }
}

/** Takes the base images that are newer; returns as of which commit that of each block is. */
function takeBase(
  copy: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  subscribers: number,
): Float64Array {
  const images = new Float64Array(Math.ceil(subscribers / (1 << BLOCK_BITS)))
  for (let block = 0; block < images.length; block++) {
    for (let page = 0; page === 0 || images[block] > copy.commit; page++) {
      const bytes = store.subscribers.get(blockKey(block, page), { transaction })
      if (bytes === undefined) break
      images[block] = openPage(bytes).tag
      if (images[block] > copy.commit) takePage(copy, bytes, null, 0)
    }
  }
  return images
}

function takeJournal(
  copy: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  images: Float64Array,
): void {
  const start = journalKey(copy.commit + 1, 0)
  for (const { key, value } of store.journal.getRange({ transaction, start, snapshot: true })) {
    takePage(copy, value, images, commitOfKey(key))
  }
}

const skipped = new Float64Array(WIDTH)

/** Takes the rows of a page, but those of a journal that the base image of their block has. */
function takePage(
  copy: CachedPartition,
  bytes: Uint8Array,
  images: Float64Array | null,
  commit: number,
): void {
  const reader = openPage(bytes)
  while (reader.slot >= 0) {
    const { slot } = reader
    if (images !== null && commit <= images[slot >>> BLOCK_BITS]) {
      takeRow(reader, skipped, 0)
      continue
    }
    const chunk = copy.chunks[slot >>> CHUNK_BITS]
    const at = (slot & CHUNK_MASK) * WIDTH
    copy.records -= chunk[at + FIELD.records]
    takeRow(reader, chunk, at)
    copy.records += chunk[at + FIELD.records]
  }
}
