// What the metrics say of ingest and of the process, as plain values; pure.
import { LIFE_STATES, type IngestCounters, type IngestProgress } from '../../consumers/progress.ts'
import { REASONS } from '../record/batch.ts'
import { APPLICATIONS, USED_COLUMNS } from '../record/columns.ts'
import type { MetricName } from './catalogue.ts'
import type { SnapshotRuns } from './view.ts'

/** One value of one series. */
export interface Sample {
  name: MetricName
  labels: Record<string, string>
  value: number
}

/** Counters before anything was said. */
export const NO_COUNTERS: IngestCounters = {
  rows: 0,
  applied: 0,
  duplicate: 0,
  refused: {},
  coerced: {},
  missing: {},
  applicationBytes: [],
  durationMs: 0,
  commits: 0,
  consumedBytes: 0,
}

/** A value under its name; labels where there are some. */
export function sample(
  name: MetricName,
  value: number,
  labels: Record<string, string> = {},
): Sample {
  return { name, labels, value }
}

/** Rows refused for whatever reason. */
export function refusedRows(counters: IngestCounters): number {
  return Object.values(counters.refused).reduce((sum, rows) => sum + rows, 0)
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
  const counters = progress?.counters ?? NO_COUNTERS
  const state = progress?.state ?? 'starting'
  return [
    ...LIFE_STATES.map((each) => sample('state', each === state ? 1 : 0, { state: each })),
    ...enumerated(REASONS, counters.refused).map(([reason, rows]) =>
      sample('refused_records_total', rows, { reason }),
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

/** Samples of what runs and of how snapshots went. */
export function processSamples(
  build: { version: string; revision: string; nodeVersion: string },
  runs: SnapshotRuns,
): Sample[] {
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
  ]
}
