// Commits of a replica: a partition as of a checkpoint of its owner, and how far the changelog is read.
import { commitWriting, writeChanges, type CommitTimes } from './commit.ts'
import { parseFacts, type Facts } from './facts.ts'
import type { Partition } from './partition.ts'
import type { PartitionStore } from './store.ts'
import { writeDurably } from './transaction.ts'

/** How far a replica has read the changelog of a partition, and the checkpoint that it has. */
export interface ReplicaPosition {
  /** Identity of the topics: a changelog that was created again is another one. */
  topics: string
  stateOffset: number
  engagementOffset: number
  /** Number of the checkpoint, who published it, and when (UTC ms). */
  number: number
  member: string
  atMs: number
  /** The owner publishes a checkpoint at least so often (ms). */
  withinMs: number
}

const REPLICA = 'replica'

/** How far a replica has read; null for a partition that is none. */
export const readReplicaPosition = ({ meta }: PartitionStore): ReplicaPosition | null =>
  (meta.get(REPLICA) as ReplicaPosition | undefined) ?? null

/** Keeps how far a replica has read; durable on return. */
export const writeReplicaPosition = (store: PartitionStore, position: ReplicaPosition): void =>
  writeDurably(store, () => void store.meta.put(REPLICA, position))

/**
 * Commits a checkpoint whose rows are in the table already: its facts replace those before. Durable on
 * return.
 */
export function commitCheckpoint(
  partition: Partition,
  facts: Facts,
  position: ReplicaPosition,
): CommitTimes {
  const { store, counters, hours, positions } = partition
  const read = parseFacts(facts)
  Object.assign(counters, { ...read.counters, commit: counters.commit })
  // Rejected rows are kept where they were read.
  Object.assign(counters, { rejectedKept: 0, rejectedKeptBytes: 0 })
  for (const [hour, row] of read.hours.rows) {
    if (hours.rows.get(hour)?.every((sum, at) => sum === row[at]) === true) continue
    hours.rows.set(hour, row)
    hours.dirty.add(hour)
  }
  for (const [source, now] of read.positions) {
    if (JSON.stringify(positions.get(source)) === JSON.stringify(now)) continue
    positions.set(source, now)
    partition.moved.add(source)
  }
  return commitWriting(partition, () => {
    for (const [name, value] of read.meta) void store.meta.put(name, value)
    writeChanges(partition, 0)
    void store.meta.put(REPLICA, position)
  })
}
