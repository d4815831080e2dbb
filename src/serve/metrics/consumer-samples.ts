// What the metrics say of a consumer of Kafka, as plain values of one message; pure.
import {
  CONSUMER_ERRORS,
  type ConsumerProgress,
  type PartitionProgress,
} from '../../../consumers/ingest/progress.ts'
import { REASONS } from '../../record/batch.ts'
import { assignedPartitions, orderedOffsets } from '../health/offsets.ts'
import { enumerated, sample, type Sample } from './ingest-samples.ts'

/** Samples of a consumer; what is known without one is there, as 0. */
export function consumerSamples(consumer: ConsumerProgress | null): Sample[] {
  const letters = consumer?.deadLetters ?? null
  return [
    sample('backpressure_seconds_total', consumer?.backpressureSeconds ?? 0),
    sample('consumer_rebalances_total', consumer?.rebalances ?? 0),
    ...enumerated(CONSUMER_ERRORS, consumer?.errors ?? {}).map(([kind, errors]) =>
      sample('consumer_errors_total', errors, { kind }),
    ),
    sample('consumer_gaps_passed_total', consumer?.gapsPassed.gaps ?? 0),
    sample('consumer_gap_records_total', consumer?.gapsPassed.records ?? 0),
    ...enumerated(REASONS, letters?.sent ?? {}).map(([reason, records]) =>
      sample('dead_letter_records_total', records, { reason }),
    ),
    sample('dead_letter_failures_total', letters?.failures ?? 0),
    sample('dead_letter_pending_records', letters?.pending ?? 0),
    ...(consumer === null ? [] : topicSamples(consumer)),
  ]
}

function topicSamples(consumer: ConsumerProgress): Sample[] {
  const { topic, assigned, paused } = consumer
  const partitions = assignedPartitions(consumer)
  const stopped = partitions.filter((each) => each.stopped !== null).length
  return [
    sample('consumer_assigned_partitions', assigned.length, { topic }),
    sample('consumer_paused_partitions', paused === null ? stopped : assigned.length, { topic }),
    ...partitions.flatMap((partition) => partitionSamples(topic, partition)),
  ]
}

/** What is not known has no series: an offset of 0 would be a claim. */
function partitionSamples(topic: string, partition: PartitionProgress): Sample[] {
  const labels = { topic, partition: String(partition.partition) }
  const { committed, durable, applied, end } = orderedOffsets(partition)
  const { lagSeconds, lastAppliedMs } = partition
  const known = (name: Sample['name'], value: number | null): Sample[] =>
    value === null ? [] : [sample(name, value, labels)]
  return [
    ...known('consumer_committed_offset', committed),
    ...known('consumer_durable_offset', durable),
    ...known('consumer_applied_offset', applied),
    ...known('consumer_end_offset', end),
    ...known('consumer_lag_records', end === null ? null : end - applied),
    ...known('consumer_lag_seconds', lagSeconds),
    ...known(
      'consumer_last_applied_timestamp_seconds',
      lastAppliedMs === null ? null : lastAppliedMs / 1000,
    ),
  ]
}
