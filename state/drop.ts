// Drops the rows of a partition, so that its topics are read again from where reading began.
import { createCounters, createPosition } from './partition-metadata.ts'
import { readCounters, readPositions } from './partition.ts'
import { beginRead, type PartitionStore } from './store.ts'
import { writeDurably } from './transaction.ts'

/**
 * Removes all rows of a partition in one transaction, and sets the positions of its topics back to
 * their beginning; how their rows are read stays decided. Durable on return.
 *
 * @param logStarts by source: where its log begins now; offsets before it stay counted, as skipped
 */
export function dropRows(store: PartitionStore, logStarts: ReadonlyMap<string, number>): void {
  const { meta, subscribers, journal, hours, rejected, outbox, positions } = store
  const { transaction, finish } = beginRead(store)
  const { commit } = readCounters(store, transaction)
  const known = readPositions(store, transaction)
  finish()
  writeDurably(store, () => {
    removeAll([subscribers, journal, hours, rejected, ...(outbox ? [outbox] : [])])
    for (const [source, position] of known) {
      const first = beginningOf(position)
      // What was never read is a gap, which the next run reports.
      const next = Math.max(first, Math.min(position.next, logStarts.get(source) ?? first))
      const { notRetained } = position
      const fresh = createPosition(position, first)
      void positions.put(source, { ...fresh, notRetained, next, skipped: next - first })
    }
    // Numbers of commits never go back: they order the entries of the journal.
    void meta.put('counters', { ...createCounters(), commit: commit + 1 })
  })
}

/** Where reading of a topic began; a log that was truncated has offsets before 0. */
export const beginningOf = ({ first }: { first: number }): number => Math.max(0, first)

/** Removes all entries of some databases, within a transaction. */
export function removeAll(databases: readonly Pick<PartitionStore['hours'], 'database'>[]): void {
  for (const { database } of databases) {
    for (const key of [...database.getKeys()]) void database.remove(key)
  }
}
