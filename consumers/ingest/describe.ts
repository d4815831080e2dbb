// Describes an ingest as others see it: what every source shares, with what only one source knows.
import type { Partition } from '../../state/partition.ts'
import { storeBytes, type PartitionStore } from '../../state/store.ts'
import type { IngestStats } from './ingest-stats.ts'
import type { IngestProgress } from './progress.ts'

/** The progress that a source adds; the rest has the values of a source without such a thing. */
export type OwnProgress = Pick<IngestProgress, 'state'> & Partial<IngestProgress>

/**
 * Returns the present progress.
 *
 * @param partitions those in memory, whose subscribers are counted
 * @param stores those whose size on disk is measured; none before the state is open
 */
export function describeIngest(
  partitions: readonly Partition[],
  stores: readonly PartitionStore[],
  stats: IngestStats,
  own: OwnProgress,
): IngestProgress {
  stats.update()
  const sum = (of: (partition: Partition) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0)
  const nothing = { fileBytes: 0, usedBytes: 0, volumeFreeBytes: 0 }
  return {
    counters: stats.counters,
    observations: stats.observations,
    totalRows: 0,
    subscribers: sum(({ table }) => table.count),
    dirtySubscribers: sum(({ table }) => table.dirtyCount),
    lastDurableMs: stats.lastDurableMs,
    restoreSeconds: null,
    eventTimeMs: null,
    sources: [],
    store: stores.length === 0 ? nothing : storeBytes(stores),
    done: false,
    consumer: null,
    replica: null,
    history: null,
    reconciliation: null,
    skipped: [],
    warnings: [],
    silentMs: 0,
    ...own,
  }
}

/** The stores of some partitions. */
export const storesOf = (partitions: readonly Partition[]): PartitionStore[] =>
  partitions.map(({ store }) => store)
