// A copy of a partition's aggregates in memory that follows the store at the cost of what changed.
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'
import { CHUNK_BITS, CHUNK_MASK } from '../src/subscriber/table.ts'
import { commitOfKey, journalKey, segmentKey } from './keys.ts'
import type { Counters } from './partition-metadata.ts'
import { openPiece, SEGMENT_BITS, takeRow } from './pages.ts'
import { requireRecords } from './scan.ts'
import type { PartitionStore, ReadTransaction } from './store.ts'

/** Rows by slot, in chunks as in the writer's memory, as of a commit; 0 before the first. */
export interface PartitionCopy {
  commit: number
  count: number
  /** Of all rows together. */
  records: number
  chunks: Float64Array[]
}

/** Copies by partition. */
export type Copies = Map<number, PartitionCopy>

export const createPartitionCopy = (): PartitionCopy => ({
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
export function catchUp(
  copy: PartitionCopy,
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
export function visitCopy(
  { chunks, count }: PartitionCopy,
  visit: (rows: Float64Array, count: number) => void,
): void {
  for (let first = 0; first < count; first += CHUNK_MASK + 1) {
    visit(chunks[first >>> CHUNK_BITS], Math.min(CHUNK_MASK + 1, count - first))
  }
}

/** Takes the base images that are newer; returns as of which commit that of each segment is. */
function takeBase(
  copy: PartitionCopy,
  store: PartitionStore,
  transaction: ReadTransaction,
  subscribers: number,
): Float64Array {
  const images = new Float64Array(Math.ceil(subscribers / (1 << SEGMENT_BITS)))
  for (let segment = 0; segment < images.length; segment++) {
    for (let piece = 0; piece === 0 || images[segment] > copy.commit; piece++) {
      const bytes = store.subscribers.get(segmentKey(segment, piece), { transaction })
      if (bytes === undefined) break
      images[segment] = openPiece(bytes).tag
      if (images[segment] > copy.commit) takePiece(copy, bytes, null, 0)
    }
  }
  return images
}

function takeJournal(
  copy: PartitionCopy,
  store: PartitionStore,
  transaction: ReadTransaction,
  images: Float64Array,
): void {
  const start = journalKey(copy.commit + 1, 0)
  for (const { key, value } of store.journal.getRange({ transaction, start, snapshot: true })) {
    takePiece(copy, value, images, commitOfKey(key))
  }
}

const skipped = new Float64Array(WIDTH)

/** Takes the rows of a piece, but those of a journal that the base image of their segment has. */
function takePiece(
  copy: PartitionCopy,
  bytes: Uint8Array,
  images: Float64Array | null,
  commit: number,
): void {
  const reader = openPiece(bytes)
  while (reader.slot >= 0) {
    const { slot } = reader
    if (images !== null && commit <= images[slot >>> SEGMENT_BITS]) {
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
