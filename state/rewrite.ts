// Rewrites a partition of a former format, which has no checksums, in the present one.
import { clearDirty, writeChanges } from './commit.ts'
import { SOURCE_COUNTS, sumRejected, sumSources } from './consistency.ts'
import { seal } from './entries.ts'
import type { BinaryDatabase } from './environment.ts'
import { loadPartition, type Partition } from './partition.ts'
import type { Stamp } from './partition-metadata.ts'
import { writeStamp } from './stamp.ts'
import type { PartitionStore } from './store.ts'
import { writeTransaction } from './transaction.ts'

/**
 * Writes all entries again, with checksums, in one transaction: a commit in which everything has
 * changed. The file may grow to twice its size; later commits use the free pages.
 *
 * @throws PulseError `state-corrupt` when the numbers of the partition are inconsistent
 */
export function rewritePartition(store: PartitionStore, stamp: Stamp): void {
  const partition = loadPartition(store)
  const { meta, rejected, outbox } = store
  const kept = [meta, rejected, ...(outbox === null ? [] : [outbox])].map(({ database }) => ({
    database,
    entries: [...database.getRange()].map(({ key, value }) => ({ key, value })),
  }))
  markChanged(partition)
  store.checks.enabled = true
  writeTransaction(store, () => {
    for (const { database, entries } of kept) sealAll(database, entries)
    writeChanges(partition, 0)
    if (!hasSourceCounts(partition)) void meta.put(SOURCE_COUNTS, false)
    writeStamp(meta.database, stamp)
  })
  clearDirty(partition)
  store.stamp = stamp
}

/** Format 1 counted no rows by source: what it counted in total stays without a source. */
function hasSourceCounts({ counters, positions }: Partition): boolean {
  const sources = sumSources(positions)
  return sources.applied === counters.applied && sources.rejected === sumRejected(counters)
}

function markChanged({ table, hours, positions, moved }: Partition): void {
  table.dirty.fill(1, 0, table.count)
  table.dirtyCount = table.count
  for (const hour of hours.rows.keys()) hours.dirty.add(hour)
  for (const source of positions.keys()) moved.add(source)
}

function sealAll(database: BinaryDatabase, entries: { key: Buffer; value: Buffer }[]): void {
  for (const { key, value } of entries) void database.put(key, seal(key, value))
}
