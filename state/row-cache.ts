// The row cache: a partition's aggregates in a reader's memory. An update reads only what changed.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { CHUNK_BITS, CHUNK_MASK } from '../src/subscriber/table.ts'
import type { ReadTransaction } from './environment.ts'
import { blockKey, commitOfKey, journalKey } from './keys.ts'
import type { Counters } from './partition-metadata.ts'
import { BLOCK_BITS, openPage, readNextRow } from './pages.ts'
import { requireRecords } from './scan.ts'
import type { PartitionStore } from './store.ts'

/** A partition's rows by slot, in chunks as in the writer's memory. */
export interface CachedPartition {
  /** The commit that the rows are as of; 0 before the first update. */
  commit: number
  count: number
  /** Sum over all rows. */
  records: number
  chunks: Float64Array[]
}

/** Cached partitions by number. */
export type RowCache = Map<number, CachedPartition>

/**
 * Brings a partition of the cache up to a transaction and visits all of its rows, WIDTH numbers
 * each, chunk by chunk. `visit` must not change them.
 *
 * @param counters the partition's counters as of the transaction
 * @throws PulseError `state-corrupt` when changed rows are missing; the partition is then read anew
 *   by the next call
 */
export function visitCached(
  cache: RowCache,
  store: PartitionStore,
  transaction: ReadTransaction,
  counters: Counters,
  visit: (rows: Float64Array, count: number) => void,
): void {
  const cached = cache.get(store.partition) ?? { commit: 0, count: 0, records: 0, chunks: [] }
  cache.delete(store.partition)
  update(cached, store, transaction, counters)
  cache.set(store.partition, cached)
  const { chunks, count } = cached
  for (let first = 0; first < count; first += CHUNK_MASK + 1) {
    visit(chunks[first >>> CHUNK_BITS], Math.min(CHUNK_MASK + 1, count - first))
  }
}

/**
 * Applies the base images and journal entries that are newer than the cached commit. Rows that the
 * journal no longer holds are in newer base images.
 */
function update(
  cached: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  { commit, subscribers, applied }: Counters,
): void {
  while (cached.chunks.length << CHUNK_BITS < subscribers) {
    cached.chunks.push(new Float64Array(WIDTH << CHUNK_BITS))
  }
  const images = applyBase(cached, store, transaction, subscribers)
  applyJournal(cached, store, transaction, images)
  requireRecords(store, cached.records, applied)
  cached.count = subscribers
  cached.commit = commit
}

/** Applies newer base images; returns the commit of each block's base image. */
function applyBase(
  cached: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  subscribers: number,
): Float64Array {
  const images = new Float64Array(Math.ceil(subscribers / (1 << BLOCK_BITS)))
  for (let block = 0; block < images.length; block++) {
    for (let page = 0; page === 0 || images[block] > cached.commit; page++) {
      const bytes = store.subscribers.get(blockKey(block, page), { transaction })
      if (bytes === undefined) break
      images[block] = openPage(bytes).tag
      if (images[block] > cached.commit) applyPage(cached, bytes, null, 0)
    }
  }
  return images
}

function applyJournal(
  cached: CachedPartition,
  store: PartitionStore,
  transaction: ReadTransaction,
  images: Float64Array,
): void {
  const start = journalKey(cached.commit + 1, 0)
  for (const { key, value } of store.journal.getRange({ transaction, start, snapshot: true })) {
    applyPage(cached, value, images, commitOfKey(key))
  }
}

const discarded = new Float64Array(WIDTH)

/** Applies the rows of a page, except journal rows that their block's base image includes. */
function applyPage(
  cached: CachedPartition,
  bytes: Uint8Array,
  images: Float64Array | null,
  commit: number,
): void {
  const reader = openPage(bytes)
  while (reader.slot >= 0) {
    const { slot } = reader
    if (images !== null && commit <= images[slot >>> BLOCK_BITS]) {
      readNextRow(reader, discarded, 0)
      continue
    }
    const chunk = cached.chunks[slot >>> CHUNK_BITS]
    const at = (slot & CHUNK_MASK) * WIDTH
    cached.records -= chunk[at + FIELD.records]
    readNextRow(reader, chunk, at)
    cached.records += chunk[at + FIELD.records]
  }
}
