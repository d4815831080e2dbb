// The conservation checks, made on demand: the counters of each partition are consistent.
import type { ReadableState } from './read.ts'
import type { Counters, SourcePosition } from './partition-metadata.ts'
import { readCounters, readPositions } from './partition.ts'
import { scanPartition } from './scan.ts'
import { beginRead, readHeld, type PartitionStore } from './store.ts'
import { sumRecords } from '../src/subscriber/aggregate.ts'

/** The numbers of a partition, all read in one transaction. */
export interface PartitionCounts {
  partition: number
  /** False when another member of the consumer group reads the partition now. */
  held: boolean
  counters: Counters
  /** Sum of the records of its subscribers. */
  records: number
  positions: [source: string, position: SourcePosition][]
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
      counters,
      records,
      positions: [...readPositions(store, transaction)],
    }
  } finally {
    finish()
  }
}

/** One sentence for each inconsistency; none when everything is consistent. */
export function violationsOf(partitions: readonly PartitionCounts[]): string[] {
  return partitions.flatMap(({ partition, counters, records, positions }) => [
    ...positions
      .map(([, position]) => offsetViolation(partition, position))
      .filter((sentence) => sentence !== null),
    ...(records === counters.applied
      ? []
      : [
          `partition ${partition}: its subscribers have ${records} records, expected ` +
            `${counters.applied}, the number of records applied`,
        ]),
  ])
}

/** Each offset of a topic from the first one on was applied, rejected, excluded or skipped. */
function offsetViolation(partition: number, at: SourcePosition): string | null {
  if (at.kind !== 'topic') return null
  const read = at.next - at.first
  const counted = at.applied + at.rejected + at.excluded + at.skipped
  if (read === counted) return null
  return (
    `partition ${partition} of ${at.name}: applied + rejected + excluded + skipped are ` +
    `${counted}, expected ${read}, the offsets from ${at.first} to ${at.next}`
  )
}
