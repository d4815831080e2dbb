// A stand-in Kafka consumer for tests of the server.
import {
  CONSUMER_ERRORS,
  type ConsumerProgress,
  type IngestProgress,
  type PartitionProgress,
} from '../../consumers/ingest/progress.ts'
import { generateProgress } from './fixture.ts'

const PARTITIONER = { hash: 'murmur2', encoding: 'text', evidence: '200 distinct keys' }

/** A partition with a lag of 1,000 records and no problem, except what is changed. */
export function generatePartition(
  partition: number,
  changed: Partial<PartitionProgress> = {},
): PartitionProgress {
  return {
    topic: 'xdr',
    partition,
    firstOffset: 0,
    notRetained: 0,
    compacted: 0,
    endOffset: 6000,
    appliedOffset: 5000,
    durableOffset: 4900,
    committedOffset: 4800,
    lagRecords: 1000,
    lagSeconds: 12 + partition,
    lastAppliedMs: Date.UTC(2026, 0, 1),
    stopped: null,
    gap: false,
    denied: false,
    ...changed,
  }
}

/** A member that reads `partitions` of 12, without a problem, except what is changed. */
export function generateConsumer(
  partitions: PartitionProgress[],
  changed: Partial<ConsumerProgress> = {},
): ConsumerProgress {
  return {
    topics: [{ topic: 'xdr', partitions: [2], partitioner: PARTITIONER, misrouted: 0 }],
    topicPartitions: 12,
    threads: 1,
    group: 'engagement',
    instance: 'here-1',
    member: true,
    assigned: partitions.map(({ partition }) => partition),
    idle: null,
    partitions,
    paused: null,
    rebalances: 2,
    errors: { ...Object.fromEntries(CONSUMER_ERRORS.map((kind) => [kind, 0])), fetch: 3 },
    gapsPassed: { gaps: 0, records: 0 },
    otherTypes: 6,
    changelog: null,
    deadLetters: { topic: 'rejected', sent: { 'invalid-number': 9 }, failures: 1, pending: 4 },
    backpressureSeconds: 1.5,
    caughtUp: false,
    ...changed,
  }
}

/** A message of a consumer that has read `rows`. */
export const consuming = (
  consumer: ConsumerProgress,
  rows = 5000,
  changed: Partial<IngestProgress> = {},
): IngestProgress => ({ ...generateProgress(rows), consumer, ...changed })

/** A number of partitions, from 0. */
export const generatePartitions = (count: number): PartitionProgress[] =>
  Array.from({ length: count }, (_, partition) => generatePartition(partition))
