// Rejected rows on their way into the store: kept up to a number and a size, and put into the outbox.
import { rejectedKey } from './keys.ts'
import type { Partition } from './partition.ts'
import type { RejectedRow } from './partition-metadata.ts'

/** A rejected row as it is stored; rows of files and of former versions have no detail. */
export type StoredRow = [reason: RejectedRow['reason'], raw: string, detail?: string]

/** Kept rejected rows are bounded in size, too: a message of a topic may have a megabyte. */
const MOST_KEPT_BYTES = 2 ** 28

/** The size that a stored row counts with. */
export const sizeOfStored = ([, raw, detail = '']: StoredRow): number => raw.length + detail.length

/** Writes the rows that were rejected since the last commit, and removes those that have left. */
export function writeRejected(partition: Partition, keepRejected: number): void {
  const { store, rejected, counters, delivered, outbox, reprocessed } = partition
  for (const { key, bytes } of reprocessed) {
    void store.rejected.remove(key)
    counters.rejectedKept--
    counters.rejectedKeptBytes -= bytes
  }
  for (const { source, row, reason, raw, detail } of rejected) {
    const key = rejectedKey(source, row)
    const stored: StoredRow = detail === undefined ? [reason, raw] : [reason, raw, detail]
    if (outbox) void store.outbox?.put(key, stored)
    if (counters.rejectedKept >= keepRejected) continue
    const bytes = sizeOfStored(stored)
    if (counters.rejectedKeptBytes + bytes > MOST_KEPT_BYTES) continue
    void store.rejected.put(key, stored)
    counters.rejectedKept++
    counters.rejectedKeptBytes += bytes
  }
  for (const key of delivered) void store.outbox?.remove(key)
  rejected.length = 0
  delivered.length = 0
  reprocessed.length = 0
}
