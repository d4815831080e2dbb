// What a run over files tells the rest of the process of itself.
import type { Partition } from '../../state/partition.ts'
import { storeBytes } from '../../state/store.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'

type Known = Pick<IngestProgress, 'state'> & Partial<IngestProgress>

/** Everything a run says at this moment; what only it knows is given. */
export function filesProgress(
  partitions: readonly Partition[],
  stats: IngestStats,
  known: Known,
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
    store: partitions.length === 0 ? nothing : storeBytes(partitions.map(({ store }) => store)),
    done: false,
    consumer: null,
    history: null,
    reconciliation: null,
    warnings: [],
    ...known,
  }
}
