// Dashboard: the path of records from Kafka to the store.
import type { DashboardSource } from './dashboard.ts'
import { freshness, lag, rejected } from './health.ts'
import { heatmap, stat, table, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import {
  coercedByColumn,
  deadLetters,
  otherTypes,
  rejectedByReason,
  splitSubscribers,
} from './quality.ts'
import { buckets, growth, of, orZero, rate, sumBy } from './query.ts'

const health: Placed[] = [
  lag(4),
  freshness(4),
  rejected(4),
  stat({
    title: 'Not read',
    description: 'Assigned partitions that are not read.',
    unit: 'none',
    width: 4,
    steps: [
      [0, 'green'],
      [1, 'red'],
    ],
    queries: [{ expr: orZero(`sum(${of('consumer_paused_partitions')})`), legend: 'paused' }],
    alert: 'XdrPulseIngestStalled',
  }),
  stat({
    title: 'Records in gaps',
    description: 'Records missing from the log that were skipped, over the time range.',
    unit: 'short',
    width: 4,
    steps: [
      [0, 'green'],
      [1, 'red'],
    ],
    queries: [{ expr: growth('consumer_gap_records_total'), legend: 'records' }],
    alert: 'XdrPulseOffsetOutOfRange',
  }),
  stat({
    title: 'Pending dead letters',
    description: 'Rejected records that are not yet sent to the dead-letter topic.',
    unit: 'short',
    width: 4,
    queries: [{ expr: `sum(${of('dead_letter_pending_records')})`, legend: 'waiting' }],
    alert: 'XdrPulseDeadLetterBlocked',
  }),
]

/** Curves of one query. */
const curves = (
  source: Pick<PanelSource, 'title' | 'description' | 'unit' | 'width' | 'alert'>,
  expr: string,
  legend: string,
): Placed => timeseries({ ...source, min: 0, queries: [{ expr, legend }] })

const OFFSETS = ['end', 'applied', 'durable', 'committed'] as const

const partitions: Placed[] = [
  curves(
    {
      title: 'Lag by partition',
      description: 'Records that are not applied yet.',
      unit: 'short',
      width: 8,
    },
    sumBy('topic, partition', of('consumer_lag_records')),
    '{{topic}} {{partition}}',
  ),
  curves(
    {
      title: 'Last applied record',
      description:
        "Age of the last applied record by Kafka's timestamp; it grows in a quiet topic.",
      unit: 's',
      width: 8,
    },
    `time() - max by (topic, partition) (${of('consumer_last_applied_timestamp_seconds')})`,
    '{{topic}} {{partition}}',
  ),
  table({
    title: 'Offsets',
    description: 'End of the log, and exclusive ends of applied, durable and committed offsets.',
    unit: 'none',
    width: 8,
    columns: Object.fromEntries(OFFSETS.map((name, at) => [`Value #${'ABCD'[at]}`, name])),
    queries: OFFSETS.map((name) => ({
      expr: `max by (topic, partition) (${of(`consumer_${name}_offset`)})`,
      legend: '{{topic}} {{partition}}',
    })),
  }),
]

const group: Placed[] = [
  curves(
    {
      title: 'Partitions assigned',
      description: 'Partitions assigned to each process.',
      unit: 'none',
      width: 6,
    },
    sumBy('instance, topic', of('consumer_assigned_partitions')),
    '{{instance}} {{topic}}',
  ),
  curves(
    {
      title: 'Rebalances',
      description: 'Assignments of partitions by the group per second.',
      unit: 'ops',
      width: 6,
      alert: 'XdrPulseRebalanceStorm',
    },
    sumBy('instance', rate('consumer_rebalances_total')),
    '{{instance}}',
  ),
  curves(
    {
      title: 'Errors by kind',
      description: 'Errors per second that the consumer survived.',
      unit: 'ops',
      width: 6,
    },
    sumBy('kind', rate('consumer_errors_total')),
    '{{kind}}',
  ),
  curves(
    {
      title: 'Skipped gaps by process',
      description: 'Gaps of the log per second that were skipped as --on-gap allows.',
      unit: 'ops',
      width: 6,
    },
    sumBy('instance', rate('consumer_gaps_passed_total')),
    '{{instance}}',
  ),
]

const apply: Placed[] = [
  heatmap({
    title: 'Records per batch',
    description: 'Records folded at once.',
    unit: 'short',
    width: 8,
    queries: [{ expr: buckets('batch_records'), legend: '{{le}}' }],
  }),
  heatmap({
    title: 'Time to fold a batch',
    description: 'Time to add a batch to the aggregates in memory.',
    unit: 's',
    width: 8,
    queries: [{ expr: buckets('batch_fold_seconds'), legend: '{{le}}' }],
  }),
  heatmap({
    title: 'Time of a commit',
    description: 'Time of a transaction with everything that changed.',
    unit: 's',
    width: 8,
    queries: [{ expr: buckets('store_commit_seconds'), legend: '{{le}}' }],
  }),
  curves(
    {
      title: 'Bytes read',
      description: 'Bytes read from the sources per second.',
      unit: 'Bps',
      width: 8,
    },
    sumBy('source', rate('consumed_bytes_total')),
    '{{source}}',
  ),
  curves(
    {
      title: 'Back-pressure',
      description: 'Share of time for which reading was paused.',
      unit: 'percentunit',
      width: 8,
    },
    sumBy('instance', rate('backpressure_seconds_total')),
    '{{instance}}',
  ),
  heatmap({
    title: 'Until durable',
    description: "Time from Kafka's timestamp of a batch of messages until it is durable.",
    unit: 's',
    width: 8,
    queries: [{ expr: buckets('record_visible_latency_seconds'), legend: '{{le}}' }],
  }),
]

/** The dashboard of the consumer and its commits. */
export const pipeline: DashboardSource = {
  name: 'pipeline',
  title: 'xdr-pulse: pipeline',
  question: 'How far are records on their way from Kafka to the store?',
  ofOneProcess: false,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Partitions', height: 8, panels: partitions },
    { title: 'Group', height: 7, panels: group },
    { title: 'Fold and commit', height: 8, panels: apply },
    {
      title: 'Quality',
      height: 8,
      panels: [rejectedByReason(6), ...deadLetters, coercedByColumn(6)],
    },
    { title: 'Keys and types', height: 7, panels: [splitSubscribers, otherTypes] },
  ],
}
