// Replaces all that a partition holds by what a changelog has of it, in one transaction.
import type { Table } from '../src/subscriber/table.ts'
import { commitWriting, writeChanges, type CommitTimes } from './commit.ts'
import { removeAll } from './drop.ts'
import { parseFacts, type Facts } from './facts.ts'
import { writeLineage, type Lineage } from './lineage.ts'
import { createCounters } from './partition-metadata.ts'
import { metadataOf, readCounters, type Partition } from './partition.ts'
import { beginRead, type PartitionStore } from './store.ts'

/**
 * Replaces what a partition holds; durable on return. Kept rejected rows stay where they were read.
 *
 * @param table all aggregates, each marked as changed
 * @param lineage which checkpoint it is; its commit is set here
 */
export function replacePartition(
  store: PartitionStore,
  table: Table,
  facts: Facts,
  lineage: Omit<Lineage, 'commit'>,
): { partition: Partition; times: CommitTimes } {
  const { counters, positions, hours, outbox, meta } = parseFacts(facts)
  const { transaction, finish } = beginRead(store)
  const { commit } = readCounters(store, transaction)
  finish()
  // Numbers of commits never go back: they order the entries of the journal.
  const own = { commit, rejectedKept: 0, rejectedKeptBytes: 0 }
  const known = { counters: { ...createCounters(), ...counters, ...own }, positions }
  const partition: Partition = { ...metadataOf(store, known), table, hours }
  for (const hour of hours.rows.keys()) hours.dirty.add(hour)
  for (const source of positions.keys()) partition.moved.add(source)
  const times = commitWriting(partition, () => {
    const { subscribers, journal, hours: stored, rejected, positions: kept } = store
    removeAll([
      subscribers,
      journal,
      stored,
      rejected,
      kept,
      ...(store.outbox ? [store.outbox] : []),
    ])
    for (const [key, value] of outbox) void store.outbox?.put(key, value)
    for (const [name, value] of meta) void store.meta.put(name, value)
    writeChanges(partition, 0)
    writeLineage(store, { ...lineage, commit: partition.counters.commit })
  })
  return { partition, times }
}
