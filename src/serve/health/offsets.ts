// Offsets of a consumer's partitions as metrics, status and readiness show them; pure.
import type { ConsumerProgress, PartitionProgress } from '../../../consumers/ingest/progress.ts'

/** Offsets of a partition, exclusive; null for what is not known. */
export interface Offsets {
  committed: number | null
  durable: number
  applied: number
  end: number | null
}

/**
 * Offsets in their order, whatever happened since each was taken: committed ≤ durable ≤ applied ≤ end.
 * A position that went back behind a gap leaves the others ahead; what Kafka acknowledged of a log
 * that was cut off says nothing of this one.
 */
export function orderedOffsets(partition: PartitionProgress): Offsets {
  const { appliedOffset: applied, durableOffset, committedOffset, endOffset } = partition
  const durable = Math.min(durableOffset, applied)
  const isOfThisLog = committedOffset !== null && committedOffset <= durable
  return {
    committed: isOfThisLog ? committedOffset : null,
    durable,
    applied,
    end: endOffset === null ? null : Math.max(endOffset, applied),
  }
}

/** Partitions that are this member's; one that is being given back is not any more. */
export const assignedPartitions = (consumer: ConsumerProgress): PartitionProgress[] =>
  consumer.partitions.filter(({ partition }) => consumer.assigned.includes(partition))
