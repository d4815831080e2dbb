// The reconciliation of every source: the outcomes of all rows that were ever read from it.
import { sourceOfKey } from '../../state/keys.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { readPositions } from '../../state/partition.ts'
import { beginRead, readHeld, type PartitionStore } from '../../state/store.ts'
import type { SourceReconciliation } from '../ingest/source-reconciliation.ts'

/**
 * Reconciles each source over all partitions of a state; of a topic only those that are held.
 * `gap` counts rows that are neither applied, rejected nor excluded: not 0 is an internal error.
 */
export function reconcileSources(stores: readonly PartitionStore[]): SourceReconciliation[] {
  const bySource = new Map<string, SourceReconciliation>()
  for (const store of stores) {
    const held = readHeld(store)
    for (const [source, position] of positionsOf(store)) {
      if (position.kind === 'topic' && !held) continue
      const entry = bySource.get(source) ?? createEntry(position)
      addPosition(entry, position)
      entry.undelivered += lettersOf(store, source)
      bySource.set(source, entry)
    }
  }
  for (const entry of bySource.values()) {
    entry.gap = entry.read - entry.applied - entry.rejected - entry.excluded
  }
  return [...bySource.values()]
}

const createEntry = ({ name, kind }: SourcePosition): SourceReconciliation => {
  const counts = {
    read: 0,
    applied: 0,
    rejected: 0,
    excluded: 0,
    notRetained: 0,
    skipped: 0,
    otherTypes: 0,
    undelivered: 0,
    gap: 0,
  }
  return { name, kind, ...counts }
}

function addPosition(entry: SourceReconciliation, position: SourcePosition): void {
  entry.applied += position.applied
  entry.excluded += position.excluded
  entry.rejected += position.rejected
  entry.notRetained += position.notRetained
  entry.skipped += position.skipped
  entry.otherTypes += position.otherTypes ?? 0
  const rows = position.next - position.first - position.skipped
  // A file was read as far as its furthest partition; of a topic each partition has its own log.
  entry.read = entry.kind === 'file' ? Math.max(entry.read, rows) : entry.read + rows
}

/** Counts the letters of a source in the outbox of a partition; keys hold 32 characters of it. */
function lettersOf({ outbox }: PartitionStore, source: string): number {
  let count = 0
  for (const key of outbox?.getKeys() ?? []) if (source.startsWith(sourceOfKey(key))) count++
  return count
}

/** The positions of a partition, as they were committed. */
export function positionsOf(store: PartitionStore): Map<string, SourcePosition> {
  const { transaction, finish } = beginRead(store)
  try {
    return readPositions(store, transaction)
  } finally {
    finish()
  }
}
