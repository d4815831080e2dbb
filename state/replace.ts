// Replaces all that a partition holds by what a changelog has of it, in one transaction.
import { performance } from 'node:perf_hooks'
import { createTable, type Table } from '../src/subscriber/table.ts'
import { clearDirty, writeChanges, type CommitTimes } from './commit.ts'
import type { Facts } from './facts.ts'
import { parseFacts } from './facts.ts'
import { writeLineage, type Lineage } from './lineage.ts'
import type { Partition } from './partition.ts'
import { createCounters } from './partition-metadata.ts'
import { readCounters } from './partition.ts'
import { beginRead, type PartitionStore } from './store.ts'
import { writeDurably } from './transaction.ts'

/** An empty partition in memory, whose first commit replaces what its store holds. */
export function emptyPartition(store: PartitionStore): Partition {
  return {
    ...{ store, table: createTable(), hours: { rows: new Map(), dirty: new Set() } },
    ...{ counters: createCounters(), positions: new Map(), moved: new Set() },
    ...{ rejected: [], outbox: false, delivered: [], reprocessed: [] },
    sweep: {
      ...{ staleSince: new Float64Array(0), pages: new Uint16Array(0), next: 0, journal: [] },
    },
  }
}

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
  const partition: Partition = { ...emptyPartition(store), table, positions, hours }
  // Numbers of commits never go back: they order the entries of the journal.
  partition.counters = { ...createCounters(), ...counters, commit }
  Object.assign(partition.counters, { rejectedKept: 0, rejectedKeptBytes: 0 })
  for (const hour of hours.rows.keys()) hours.dirty.add(hour)
  for (const source of positions.keys()) partition.moved.add(source)
  const start = performance.now()
  let written = start
  writeDurably(store, () => {
    const { subscribers, journal, hours: stored, rejected, positions: kept } = store
    const databases = [subscribers, journal, stored, rejected, kept]
    for (const { database } of [...databases, ...(store.outbox === null ? [] : [store.outbox])]) {
      for (const key of [...database.getKeys()]) void database.remove(key)
    }
    for (const [key, value] of outbox) void store.outbox?.put(key, value)
    for (const [name, value] of meta) void store.meta.put(name, value)
    writeChanges(partition, 0)
    writeLineage(store, { ...lineage, commit: partition.counters.commit })
    written = performance.now()
  })
  clearDirty(partition)
  const end = performance.now()
  const times = { commitSeconds: (end - start) / 1000, flushSeconds: (end - written) / 1000 }
  return { partition, times }
}
