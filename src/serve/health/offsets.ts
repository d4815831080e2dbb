// Offsets of the partitions of a consumer, as metrics, status and readiness show them; pure.
import type { ConsumerProgress, PartitionProgress } from '../../../consumers/ingest/progress.ts'

/** Offsets of a partition, exclusive ends; null for an unknown one. */
export interface Offsets {
  committed: number | null
  durable: number
  applied: number
  end: number | null
}

/**
 * Offsets in their order: committed ≤ durable ≤ applied ≤ end. They are read at different moments,
 * and a position that went back over a gap leaves the others ahead. A committed offset above the
 * durable one belongs to the log before its truncation, and is null.
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

/** The names of the topics, as one text. */
export const topicsText = ({ topics }: ConsumerProgress): string =>
  topics.map(({ topic }) => topic).join(', ')

/** Partitions that are assigned to this member; one that is being revoked is not. */
export const assignedPartitions = (consumer: ConsumerProgress): PartitionProgress[] =>
  consumer.partitions.filter(({ partition }) => consumer.assigned.includes(partition))
