// The list of metrics: name without prefix, type, labels and what each one says.
import type { Metric } from '../../snapshot/metrics.ts'

/** Where a value comes from: read anew at each scrape, or added up as things happen. */
export type Origin = 'scrape' | 'event'

/** One metric. Labels are bounded by construction: never an MSISDN, a file or a message. */
export interface CatalogueRow<Name extends string = string> {
  name: Name
  type: 'counter' | 'gauge' | 'histogram'
  origin: Origin
  help: string
  labels: readonly string[]
  /** Upper bounds, histograms only. */
  buckets: readonly number[]
}

/** In front of every name. */
export const PREFIX = 'xdrpulse_'

/** Seconds from a fraction of a batch to a stalled disk: 1-2-5 steps hold any of them. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
const BATCH_RECORDS = [10, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]
/** From live to a backlog of a day: the first tell how fresh, the last how far behind. */
const LATENCY_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400]
/** Few on purpose: this one has a series per route. */
const HTTP_SECONDS = [0.005, 0.02, 0.1, 0.5, 2]

const gauge = <const N extends string>(name: N, help: string, ...labels: string[]) =>
  row(name, 'gauge', 'scrape', help, labels, [])
const ofPartition = <const N extends string>(name: N, help: string) =>
  gauge(name, help, 'topic', 'partition')
const counter = <const N extends string>(name: N, help: string, ...labels: string[]) =>
  row(name, 'counter', 'scrape', help, labels, [])
const eventCounter = <const N extends string>(name: N, help: string, ...labels: string[]) =>
  row(name, 'counter', 'event', help, labels, [])
const eventGauge = <const N extends string>(name: N, help: string, ...labels: string[]) =>
  row(name, 'gauge', 'event', help, labels, [])
const histogram = <const N extends string>(
  name: N,
  help: string,
  buckets: readonly number[],
  ...labels: string[]
) => row(name, 'histogram', 'event', help, labels, buckets)

function row<const N extends string>(
  name: N,
  type: CatalogueRow['type'],
  origin: Origin,
  help: string,
  labels: readonly string[],
  buckets: readonly number[],
): CatalogueRow<N> {
  return { name, type, origin, help, labels, buckets }
}

/** All metrics of our own; `process_*` and `nodejs_*` come on top. */
export const CATALOGUE = [
  gauge('build_info', 'What runs; always 1.', 'version', 'revision', 'node_version'),
  gauge('state', 'Life of the process: 1 for the state it is in.', 'state'),

  counter('records_total', 'Rows dealt with since the start.', 'source', 'outcome'),
  counter('rejected_records_total', 'Rows rejected, by reason.', 'reason'),
  counter('coerced_values_total', 'Numbers rounded, or text that was no number.', 'column'),
  counter('consumed_bytes_total', 'Bytes of the sources read.', 'source'),
  counter('traffic_bytes_total', 'Traffic applied.', 'application', 'direction'),
  counter('session_seconds_total', 'Session time applied.'),
  histogram('batch_fold_seconds', 'Time to fold one batch.', SECONDS),
  histogram('batch_records', 'Records of one batch.', BATCH_RECORDS),
  histogram(
    'record_visible_latency_seconds',
    "From Kafka's timestamp of a batch of messages until it is durable.",
    LATENCY_SECONDS,
  ),
  gauge('dirty_subscribers', 'Subscribers changed since the last commit.'),
  counter('backpressure_seconds_total', 'Time for which reading was paused altogether.'),

  ofPartition('consumer_lag_records', 'Records between what is applied and the end.'),
  ofPartition('consumer_lag_seconds', 'Age of the last record applied; 0 without lag.'),
  ofPartition('consumer_applied_offset', 'Offset up to which records are applied, exclusive.'),
  ofPartition('consumer_durable_offset', 'Offset up to which records are durable, exclusive.'),
  ofPartition('consumer_committed_offset', 'Offset that this process committed to Kafka.'),
  ofPartition('consumer_end_offset', 'End of the log, as far as transactions are decided.'),
  ofPartition(
    'consumer_last_applied_timestamp_seconds',
    "Kafka's timestamp of the last record applied.",
  ),
  gauge('consumer_assigned_partitions', 'Partitions that this member is to read.', 'topic'),
  gauge(
    'consumer_paused_partitions',
    'Of these, not read: a gap, an unknown schema, or reading is paused.',
    'topic',
  ),
  counter('consumer_rebalances_total', 'Assignments of partitions by the group.'),
  counter('consumer_errors_total', 'Trouble that did not end the consumer.', 'kind'),
  counter('consumer_gaps_passed_total', 'Gaps of the log passed over, as --on-gap says.'),
  counter('consumer_gap_records_total', 'Records missing in these gaps.'),
  counter('dead_letter_records_total', 'Rejected records sent to their topic.', 'reason'),
  counter('dead_letter_failures_total', 'Failed attempts to send there.'),
  gauge('dead_letter_pending_records', 'Rejected records that wait to be sent there.'),

  gauge('store_subscribers', 'Subscribers kept.'),
  gauge('store_file_bytes', 'Size of the data files.'),
  gauge('store_used_bytes', 'Bytes of the data files in use.'),
  gauge('store_volume_free_bytes', 'Bytes free on the volume.'),
  histogram('store_commit_seconds', 'Time of one commit.', SECONDS),
  histogram('store_flush_seconds', 'Time from a commit to its being durable.', SECONDS),
  gauge('store_last_durable_timestamp_seconds', 'Last durable commit; 0 before the first.'),
  gauge('store_restore_seconds', 'Time the last start took to load the state.'),
  counter(
    'store_errors_total',
    'Reads of the store that failed, by what they were for.',
    'operation',
  ),
  eventCounter(
    'store_invariant_violations_total',
    'Messages of ingest and snapshots that broke an invariant.',
    'check',
  ),

  counter('snapshot_runs_total', 'Snapshots tried, by how they went.', 'outcome'),
  histogram('snapshot_seconds', 'Time of each phase of a snapshot.', SECONDS, 'phase'),
  gauge('snapshot_last_success_timestamp_seconds', 'Last snapshot; 0 before the first.'),
  gauge('snapshot_interval_seconds', 'Time wanted between snapshots.'),
  gauge('snapshot_subscribers', 'Subscribers in the last snapshot.'),

  gauge('segment_subscribers', 'Subscribers of a segment.', 'segment'),
  gauge('segment_sessions_mean', 'Mean sessions per subscriber.', 'segment'),
  gauge('segment_duration_mean_seconds', 'Mean session time per subscriber.', 'segment'),
  gauge('segment_traffic_mean_bytes', 'Mean traffic per subscriber.', 'segment'),
  gauge('segment_traffic_bytes', 'Traffic of a segment.', 'segment'),
  gauge('segment_centroid_ratio', 'Centroid after scaling.', 'segment', 'feature'),
  gauge('kmeans_inertia', 'Sum of squared distances to the nearest centroid, by k.', 'k'),
  gauge('kmeans_selected_clusters', 'Segments found.'),
  gauge('kmeans_iterations', 'Iterations until convergence.'),

  gauge('subscriber_sessions', 'Sessions of the subscriber at a percentile.', 'percentile'),
  gauge('subscriber_duration_seconds', 'Session time at a percentile.', 'percentile'),
  gauge('subscriber_traffic_bytes', 'Traffic at a percentile.', 'percentile'),
  gauge('application_subscribers', 'Subscribers that used an application.', 'application'),
  gauge('application_traffic_share_ratio', 'Share of application traffic.', 'application'),
  gauge('top_subscriber_sessions', 'Sessions of the subscriber of a rank.', 'rank'),
  gauge('top_subscriber_duration_seconds', 'Session time of the subscriber of a rank.', 'rank'),
  gauge('top_subscriber_traffic_bytes', 'Traffic of the subscriber of a rank.', 'rank'),
  gauge(
    'application_top_subscriber_traffic_bytes',
    'Traffic of the subscriber of a rank in an application.',
    'application',
    'rank',
  ),

  counter('replay_rows_total', 'Rows of the replay dealt with.', 'outcome'),
  gauge('replay_progress_ratio', 'Share of the rows of the replay dealt with.'),

  histogram(
    'http_request_duration_seconds',
    'Time to answer; live streams are left out.',
    HTTP_SECONDS,
    'route',
    'method',
    'code',
  ),
  eventGauge('http_requests_in_flight', 'Requests being answered, live streams included.'),
  eventCounter(
    'http_refused_requests_total',
    'Requests turned away before a route saw them.',
    'reason',
  ),
  eventGauge('live_clients', 'Connected live streams.'),
  eventCounter('live_dropped_messages_total', 'Messages not sent because a client was too slow.'),
] as const

export type MetricName = (typeof CATALOGUE)[number]['name']

/** Ranks shown by metrics: the names behind them live in the API only. */
export const TOP_METRICS = {
  sessions: ['top_subscriber_sessions', 1],
  durationMs: ['top_subscriber_duration_seconds', 1e-3],
  trafficBytes: ['top_subscriber_traffic_bytes', 1],
} as const satisfies Partial<Record<Metric, readonly [MetricName, number]>>
