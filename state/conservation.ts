// The conservation checks, made on demand: the counters of each partition are consistent.
import { inconsistenciesOf, readSourceCounts, sumHours } from './consistency.ts'
import type { PartitionNumbers } from './consistency.ts'
import type { ReadableState } from './read.ts'
import { readCounters, readHours, readPositions } from './partition.ts'
import { scanPartition } from './scan.ts'
import { beginRead, readHeld, type PartitionStore } from './store.ts'
import { sumRecords } from '../src/subscriber/aggregate.ts'

/** The numbers of a partition, all read in one transaction. */
export interface PartitionCounts extends PartitionNumbers {
  /** False when another member of the consumer group reads the partition now. */
  held: boolean
  /** Rejected rows in the outbox, which the dead-letter topic has not acknowledged. */
  undelivered: number
}

/** Reads all partitions, including those that are not held. */
export const readPartitionCounts = ({ stores }: ReadableState): PartitionCounts[] =>
  stores.map(readCounts)

function readCounts(store: PartitionStore): PartitionCounts {
  const { transaction, finish } = beginRead(store)
  try {
    const counters = readCounters(store, transaction)
    let records = 0
    scanPartition(store, transaction, counters.subscribers, (rows, count) => {
      records += sumRecords(rows, count)
    })
    return {
      partition: store.partition,
      held: readHeld(store, transaction),
      undelivered: store.outbox?.getKeysCount({ transaction }) ?? 0,
      counters,
      records,
      hourRecords: sumHours(readHours(store, transaction)),
      rejectedStored: store.rejected.getKeysCount({ transaction }),
      positions: [...readPositions(store, transaction)],
      hasSourceCounts: readSourceCounts(store, transaction),
    }
  } finally {
    finish()
  }
}

/** One sentence for each inconsistency; none when everything is consistent. */
export const violationsOf = (partitions: readonly PartitionCounts[]): string[] =>
  partitions.flatMap(inconsistenciesOf)
