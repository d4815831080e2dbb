// The metrics of the process and of ingest.
import {
  LIFE_STATES,
  type IngestCounters,
  type IngestProgress,
} from '../../../consumers/ingest/progress.ts'
import { REASONS } from '../../record/batch.ts'
import { APPLICATIONS, DIRECTIONS, USED_COLUMNS } from '../../record/columns.ts'
import { rejectedRows } from '../health/source-counters.ts'
import { hasTraffic } from '../../snapshot/not-in-data.ts'
import {
  ABSENT,
  counter,
  enumerated,
  gauge,
  histogram,
  SECONDS,
  type Reading,
  type Series,
} from './row.ts'

const BATCH_RECORDS = [10, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]
/** From live to a backlog of a day. */
const LATENCY_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600, 86_400]

const outcomes = (counters: IngestCounters): [string, number][] => [
  ['applied', counters.applied],
  ['duplicate', counters.duplicate],
  ['excluded', counters.excluded],
  ['rejected', rejectedRows(counters)],
]

/** A series per source; both exist from the start. */
const bySource = (
  { sources: { parquet, kafka } }: Reading,
  series: (counters: IngestCounters) => readonly Series[],
): Series[] => [
  ...series(parquet).map((each): Series => ['parquet', ...each]),
  ...series(kafka).map((each): Series => ['kafka', ...each]),
]

/** Metrics of the process. */
export const PROCESS_METRICS = [
  gauge(
    'build_info',
    'Version of the program; always 1.',
    ['version', 'revision', 'node_version'],
    ({ view }) => [[view.version, view.revision, process.version, 1]],
  ),
  gauge(
    'state',
    'State of the process: 1 for the current state, 0 for the others.',
    ['state'],
    ({ progress }) => {
      const state = progress?.state ?? 'starting'
      return LIFE_STATES.map((each): Series => [each, each === state ? 1 : 0])
    },
  ),
] as const

/** Metrics of rows, batches and commits. */
export const INGEST_METRICS = [
  counter(
    'records_total',
    'Rows read since the start, by source and outcome.',
    ['source', 'outcome'],
    (now) => bySource(now, outcomes),
  ),
  counter('rejected_records_total', 'Rows rejected, by reason.', ['reason'], ({ counters }) =>
    enumerated(REASONS, counters.rejected),
  ),
  counter(
    'coerced_values_total',
    'Values of records that were rounded or unreadable, by column.',
    ['column'],
    ({ counters }) => enumerated(USED_COLUMNS, counters.coerced),
  ),
  counter('consumed_bytes_total', 'Bytes read from each source.', ['source'], (now) =>
    bySource(now, ({ consumedBytes }) => [[consumedBytes]]),
  ),
  counter(
    'traffic_bytes_total',
    `Traffic of applied records, by application and direction. ${ABSENT}`,
    ['application', 'direction'],
    ({ counters, notInData }) =>
      APPLICATIONS.flatMap((application, index) =>
        DIRECTIONS.flatMap(({ key, label }, side): Series[] => {
          const at = DIRECTIONS.length * index + side
          return hasTraffic({ notInData }, application, key)
            ? [[application, label, counters.applicationBytes[at] ?? 0]]
            : []
        }),
      ),
  ),
  counter(
    'session_seconds_total',
    'Session time of applied records.',
    ({ counters }) => counters.durationMs / 1000,
  ),
  histogram(
    'batch_fold_seconds',
    'Time to fold a batch.',
    SECONDS,
    ({ batchFoldSeconds }) => batchFoldSeconds,
  ),
  histogram(
    'batch_records',
    'Records per batch.',
    BATCH_RECORDS,
    ({ batchRecords }) => batchRecords,
  ),
  histogram(
    'record_visible_latency_seconds',
    "Time from Kafka's timestamp of a batch of messages until it is durable.",
    LATENCY_SECONDS,
    ({ visibleLatencySeconds }) => visibleLatencySeconds,
  ),
  gauge(
    'dirty_subscribers',
    'Subscribers changed since the last commit.',
    ({ progress }) => progress?.dirtySubscribers ?? 0,
  ),
] as const

/** Metrics of the reading of files. */
export const REPLAY_METRICS = [
  counter(
    'replay_rows_total',
    'Rows read from files since the start, by outcome.',
    ['outcome'],
    ({ sources }) => outcomes(sources.parquet),
  ),
  gauge('replay_progress_ratio', 'Share of the rows of all files that is read.', ({ progress }) =>
    replayProgress(progress),
  ),
] as const

/** Once a topic is read, its history of files is read completely. */
function replayProgress(progress: IngestProgress | null): number {
  if (progress === null) return 0
  const { totalRows, counters, consumer, history } = progress
  if (consumer !== null) return history === null ? 0 : 1
  return totalRows === 0 ? 0 : counters.rows / totalRows
}
