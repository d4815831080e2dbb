// The entry of every source: what became of all rows that were ever read of it.
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { readPositions } from '../../state/partition.ts'
import { beginRead, readHeld, type PartitionStore } from '../../state/store.ts'
import type { SourceReconciliation } from '../ingest/progress.ts'

/**
 * Accounts by source, over all partitions of a state; of a topic only partitions that are held.
 * `gap` is 0 unless we have a bug: rows that are neither applied, nor rejected, nor excluded.
 */
export function reconcileSources(stores: readonly PartitionStore[]): SourceReconciliation[] {
  const bySource = new Map<string, SourceReconciliation>()
  for (const store of stores) {
    const held = readHeld(store)
    for (const [source, position] of positionsOf(store)) {
      if (position.kind === 'topic' && !held) continue
      const entry = bySource.get(source) ?? createEntry(position)
      addPosition(entry, position)
      bySource.set(source, entry)
    }
  }
  for (const entry of bySource.values()) {
    entry.gap = entry.read - entry.applied - entry.rejected - entry.excluded
  }
  return [...bySource.values()]
}

const createEntry = ({ name, kind }: SourcePosition): SourceReconciliation => {
  const counts = { read: 0, applied: 0, rejected: 0, excluded: 0, gap: 0 }
  return { name, kind, ...counts }
}

function addPosition(entry: SourceReconciliation, position: SourcePosition): void {
  entry.applied += position.applied
  entry.excluded += position.excluded
  entry.rejected += position.rejected
  const rows = position.next - position.first - position.skipped
  // Every partition knows how far a file was read; of a log each one reads its own.
  entry.read = entry.kind === 'file' ? Math.max(entry.read, rows) : entry.read + rows
}

function positionsOf(store: PartitionStore): Map<string, SourcePosition> {
  const { transaction, finish } = beginRead(store)
  try {
    return readPositions(store, transaction)
  } finally {
    finish()
  }
}
