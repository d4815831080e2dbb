// Conservation, checked on demand: what the ledger of each partition says, held against itself.
import type { ReadableState } from './read.ts'
import type { Counters, SourcePosition } from './partition-metadata.ts'
import { readCounters, readPositions } from './partition.ts'
import { scanPartition } from './scan.ts'
import { beginRead, readHeld, type PartitionStore } from './store.ts'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'

/** The numbers of a partition, all of one transaction. */
export interface PartitionCounts {
  partition: number
  /** False where another member of the consumer group reads it now. */
  held: boolean
  counters: Counters
  /** Sum over its subscribers. */
  records: number
  positions: [source: string, position: SourcePosition][]
}

/** The ledgers of all partitions, also of those that are not held. */
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

/** A function of its own: a sum kept in a closure is boxed at every addition. */
function sumRecords(rows: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += rows[i * WIDTH + FIELD.records]
  return sum
}

/** What does not add up, a sentence each. */
export function violationsOf(ledgers: readonly PartitionCounts[]): string[] {
  return ledgers.flatMap(({ partition, counters, records, positions }) => [
    ...positions
      .map(([, position]) => logViolation(partition, position))
      .filter((sentence) => sentence !== null),
    ...(records === counters.applied
      ? []
      : [
          `partition ${partition}: its subscribers have ${records} records, ` +
            `${counters.applied} were applied`,
        ]),
  ])
}

/** In a log each offset from the first on was applied, rejected, excluded or skipped. */
function logViolation(partition: number, at: SourcePosition): string | null {
  if (at.kind !== 'topic') return null
  const read = at.next - at.first
  const told = at.applied + at.rejected + at.excluded + at.skipped
  if (read === told) return null
  return (
    `partition ${partition} of ${at.name}: offsets ${at.first} to ${at.next} are ${read}, but ` +
    `applied + rejected + excluded + skipped are ${told}`
  )
}
