// What the metrics say of ingest and of the process, as plain values; pure.
import {
  LIFE_STATES,
  type IngestCounters,
  type IngestProgress,
} from '../../../consumers/ingest/progress.ts'
import { REASONS } from '../../record/batch.ts'
import { APPLICATIONS, USED_COLUMNS } from '../../record/columns.ts'
import type { MetricName } from './catalogue.ts'
import { allCounters, countersBySource, rejectedRows } from '../health/source-counters.ts'
import { STORE_OPERATIONS, type PipelineView } from '../view.ts'

/** One value of one series. */
export interface Sample {
  name: MetricName
  labels: Record<string, string>
  value: number
}

/** A value under its name; labels where there are some. */
export function sample(
  name: MetricName,
  value: number,
  labels: Record<string, string> = {},
): Sample {
  return { name, labels, value }
}

/** Each key of `known` and of `found`, with its count or 0. */
export function enumerated(
  known: readonly string[],
  found: Record<string, number>,
): [string, number][] {
  const keys = new Set([...known, ...Object.keys(found)])
  return [...keys].map((key) => [key, found[key] ?? 0])
}

/** Samples of ingest as of its last message; all of them 0 before the first. */
export function ingestSamples(progress: IngestProgress | null): Sample[] {
  const counters = allCounters(progress)
  const state = progress?.state ?? 'starting'
  return [
    ...LIFE_STATES.map((each) => sample('state', each === state ? 1 : 0, { state: each })),
    ...sourceSamples(progress),
    ...enumerated(REASONS, counters.rejected).map(([reason, rows]) =>
      sample('rejected_records_total', rows, { reason }),
    ),
    ...enumerated(USED_COLUMNS, counters.coerced).map(([column, values]) =>
      sample('coerced_values_total', values, { column }),
    ),
    ...APPLICATIONS.flatMap((application, index) =>
      ['download', 'upload'].map((direction, side) =>
        sample('traffic_bytes_total', counters.applicationBytes[2 * index + side] ?? 0, {
          application,
          direction,
        }),
      ),
    ),
    sample('session_seconds_total', counters.durationMs / 1000),
    sample('dirty_subscribers', progress?.dirtySubscribers ?? 0),
    ...storeSamples(progress),
  ]
}

/** Both sources are there from the start. */
function sourceSamples(progress: IngestProgress | null): Sample[] {
  const { parquet, kafka } = countersBySource(progress)
  return [
    ...outcomesOf(parquet).flatMap(([outcome, rows]) => [
      sample('records_total', rows, { source: 'parquet', outcome }),
      sample('replay_rows_total', rows, { outcome }),
    ]),
    ...outcomesOf(kafka).map(([outcome, rows]) =>
      sample('records_total', rows, { source: 'kafka', outcome }),
    ),
    sample('consumed_bytes_total', parquet.consumedBytes, { source: 'parquet' }),
    sample('consumed_bytes_total', kafka.consumedBytes, { source: 'kafka' }),
    sample('replay_progress_ratio', replayProgress(progress)),
  ]
}

const outcomesOf = (counters: IngestCounters): [string, number][] => [
  ['applied', counters.applied],
  ['duplicate', counters.duplicate],
  ['excluded', counters.excluded],
  ['rejected', rejectedRows(counters)],
]

/** A history is over when the topic is read. */
function replayProgress(progress: IngestProgress | null): number {
  if (progress === null) return 0
  const { totalRows, counters, consumer, history } = progress
  if (consumer !== null) return history === null ? 0 : 1
  return totalRows === 0 ? 0 : counters.rows / totalRows
}

function storeSamples(progress: IngestProgress | null): Sample[] {
  return [
    sample('store_subscribers', progress?.subscribers ?? 0),
    sample('store_file_bytes', progress?.store.fileBytes ?? 0),
    sample('store_used_bytes', progress?.store.usedBytes ?? 0),
    sample('store_volume_free_bytes', progress?.store.volumeFreeBytes ?? 0),
    sample('store_last_durable_timestamp_seconds', (progress?.lastDurableMs ?? 0) / 1000),
    sample('store_restore_seconds', progress?.restoreSeconds ?? 0),
  ]
}

/** Samples of what runs, of how snapshots went and what the store refused. */
export function processSamples(
  build: { version: string; revision: string; nodeVersion: string },
  view: PipelineView,
): Sample[] {
  const runs = view.runs()
  const errors = view.storeErrors()
  return [
    sample('build_info', 1, {
      version: build.version,
      revision: build.revision,
      node_version: build.nodeVersion,
    }),
    sample('snapshot_runs_total', runs.success, { outcome: 'success' }),
    sample('snapshot_runs_total', runs.failure, { outcome: 'failure' }),
    sample('snapshot_runs_total', runs.skipped, { outcome: 'skipped' }),
    sample('snapshot_interval_seconds', runs.intervalSeconds),
    ...STORE_OPERATIONS.map((operation) =>
      sample('store_errors_total', errors[operation], { operation }),
    ),
  ]
}
