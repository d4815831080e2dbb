// The metrics of a consumer of Kafka. What is known without a consumer is 0 without one.
import {
  CONSUMER_ERRORS,
  type ConsumerProgress,
  type PartitionProgress,
} from '../../../consumers/ingest/progress.ts'
import { REASONS } from '../../record/batch.ts'
import { assignedPartitions, orderedOffsets, type Offsets } from '../health/offsets.ts'
import { counter, enumerated, gauge, type MetricRow, type Read, type Series } from './row.ts'

type PartitionValue = (offsets: Offsets, partition: PartitionProgress) => number | null

/** A series per assigned partition; an unknown value has no series, as 0 would be an offset. */
const ofPartition = <const N extends string>(
  name: N,
  help: string,
  value: PartitionValue,
): MetricRow<N> =>
  gauge(name, help, ['topic', 'partition'], ({ consumer }) =>
    consumer === null
      ? []
      : assignedPartitions(consumer).flatMap((partition): Series[] => {
          const found = value(orderedOffsets(partition), partition)
          return found === null ? [] : [[partition.topic, String(partition.partition), found]]
        }),
  )

/** A series per topic; none without a consumer. */
const ofTopic = <const N extends string>(
  name: N,
  help: string,
  value: (consumer: ConsumerProgress, topic: string) => number,
): MetricRow<N> =>
  gauge(name, help, ['topic'], ({ consumer }) =>
    (consumer?.topics ?? []).map(({ topic }): Series => [topic, value(consumer!, topic)]),
  )

const ofConsumer =
  (value: (consumer: ConsumerProgress) => number | undefined): Read =>
  ({ consumer }) =>
    (consumer === null ? undefined : value(consumer)) ?? 0

function pausedPartitions(consumer: ConsumerProgress, name: string): number {
  if (consumer.paused !== null) return consumer.assigned.length
  return assignedPartitions(consumer).filter(
    ({ topic, stopped }) => topic === name && stopped !== null,
  ).length
}

function grownPartitions({ topics }: ConsumerProgress, name: string): number {
  const numbers = topics.find(({ topic }) => topic === name)?.partitions ?? [0]
  return numbers[numbers.length - 1] - numbers[0]
}

/** Metrics of a consumer. */
export const CONSUMER_METRICS = [
  counter(
    'backpressure_seconds_total',
    'Time for which reading was paused altogether.',
    ofConsumer(({ backpressureSeconds }) => backpressureSeconds),
  ),
  ofPartition(
    'consumer_lag_records',
    'Records between the applied offset and the end of the log.',
    ({ applied, end }) => (end === null ? null : end - applied),
  ),
  ofPartition(
    'consumer_lag_seconds',
    'Age of the last applied record; 0 without lag.',
    (_, { lagSeconds }) => lagSeconds,
  ),
  ofPartition(
    'consumer_applied_offset',
    'Exclusive end of the applied offsets.',
    ({ applied }) => applied,
  ),
  ofPartition(
    'consumer_durable_offset',
    'Exclusive end of the durable offsets.',
    ({ durable }) => durable,
  ),
  ofPartition(
    'consumer_committed_offset',
    'Offset that this process committed to Kafka.',
    ({ committed }) => committed,
  ),
  ofPartition(
    'consumer_end_offset',
    'End of the log, or the last stable offset.',
    ({ end }) => end,
  ),
  ofPartition(
    'consumer_last_applied_timestamp_seconds',
    "Kafka's timestamp of the last applied record.",
    (_, { lastAppliedMs }) => (lastAppliedMs === null ? null : lastAppliedMs / 1000),
  ),
  ofTopic(
    'consumer_assigned_partitions',
    'Partitions assigned to this member.',
    ({ assigned }) => assigned.length,
  ),
  ofTopic(
    'consumer_grown_partitions',
    'Partitions that the topic has gained since the state reads it.',
    grownPartitions,
  ),
  ofTopic(
    'consumer_paused_partitions',
    'Assigned partitions that are not read: a gap, an unknown schema, or a pause.',
    pausedPartitions,
  ),
  counter(
    'consumer_rebalances_total',
    'Assignments of partitions by the group.',
    ofConsumer(({ rebalances }) => rebalances),
  ),
  counter(
    'consumer_errors_total',
    'Errors that the consumer survived, by kind.',
    ['kind'],
    ({ consumer }) => enumerated(CONSUMER_ERRORS, consumer?.errors ?? {}),
  ),
  counter(
    'consumer_gaps_passed_total',
    'Gaps of the log that were skipped as --on-gap allows.',
    ofConsumer(({ gapsPassed }) => gapsPassed.gaps),
  ),
  counter(
    'consumer_gap_records_total',
    'Records missing in skipped gaps.',
    ofConsumer(({ gapsPassed }) => gapsPassed.records),
  ),
  counter(
    'consumer_other_type_records_total',
    'Records of record types that --record-type does not name.',
    ofConsumer(({ otherTypes }) => otherTypes),
  ),
  counter(
    'dead_letter_records_total',
    'Rejected records sent to the dead-letter topic, by reason.',
    ['reason'],
    ({ consumer }) => enumerated(REASONS, consumer?.deadLetters?.sent ?? {}),
  ),
  counter(
    'dead_letter_failures_total',
    'Failed attempts to send to the dead-letter topic.',
    ofConsumer(({ deadLetters }) => deadLetters?.failures),
  ),
  gauge(
    'dead_letter_pending_records',
    'Rejected records that are not yet sent to the dead-letter topic.',
    ofConsumer(({ deadLetters }) => deadLetters?.pending),
  ),
] as const
