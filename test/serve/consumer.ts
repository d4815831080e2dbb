// A stand-in consumer of Kafka for the server's tests.
import {
  CONSUMER_ERRORS,
  type ConsumerProgress,
  type IngestProgress,
  type PartitionProgress,
} from '../../consumers/ingest/progress.ts'
import { generateProgress } from './fixture.ts'

/** A partition of which 1,000 records wait, all else in order. */
export function generatePartition(
  partition: number,
  changed: Partial<PartitionProgress> = {},
): PartitionProgress {
  return {
    partition,
    endOffset: 6000,
    appliedOffset: 5000,
    durableOffset: 4900,
    committedOffset: 4800,
    lagRecords: 1000,
    lagSeconds: 12 + partition,
    lastAppliedMs: Date.UTC(2026, 0, 1),
    stopped: null,
    gap: false,
    ...changed,
  }
}

/** A member that reads `partitions` of them, and all is well. */
export function generateConsumer(
  partitions: PartitionProgress[],
  changed: Partial<ConsumerProgress> = {},
): ConsumerProgress {
  return {
    topic: 'xdr',
    topicPartitions: 12,
    group: 'engagement',
    instance: 'here-1',
    member: true,
    assigned: partitions.map(({ partition }) => partition),
    partitions,
    paused: null,
    rebalances: 2,
    errors: { ...Object.fromEntries(CONSUMER_ERRORS.map((kind) => [kind, 0])), fetch: 3 },
    gapsPassed: { gaps: 0, records: 0 },
    deadLetters: { topic: 'rejected', sent: { 'invalid-number': 9 }, failures: 1, pending: 4 },
    misrouted: 0,
    backpressureSeconds: 1.5,
    caughtUp: false,
    ...changed,
  }
}

/** A message of a consumer that has applied `rows`. */
export const consuming = (
  consumer: ConsumerProgress,
  rows = 5000,
  changed: Partial<IngestProgress> = {},
): IngestProgress => ({ ...generateProgress(rows), consumer, ...changed })

/** As many partitions, from 0 on. */
export const generatePartitions = (count: number): PartitionProgress[] =>
  Array.from({ length: count }, (_, partition) => generatePartition(partition))
