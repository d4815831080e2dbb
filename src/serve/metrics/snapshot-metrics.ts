// The metrics of snapshots and of the segments of the last one; 0 before the first where known.
import { hasMetric } from '../../snapshot/not-in-data.ts'
import type { Segment, Snapshot } from '../../snapshot/schema.ts'
import type { SnapshotTimings } from '../view.ts'
import { counter, gauge, histogram, SECONDS, type Read, type Reading, type Series } from './row.ts'
import { absentHelp, EXPOSED } from './subscriber-metrics.ts'

/** Smaller segments are not published: their means would describe individual people. */
export const SMALLEST_SEGMENT = 10

/** The phases of a snapshot, `publish` included. */
export const PHASES: readonly (keyof SnapshotTimings)[] = [
  'scan',
  'scale',
  'kmeans',
  'elbow',
  'top',
  'publish',
]

const ofSnapshot =
  (value: (snapshot: Snapshot) => number): Read =>
  ({ published }) =>
    published === null ? 0 : value(published.snapshot)

/** Series of each published segment. */
const bySegment =
  (series: (segment: Segment, now: Reading) => readonly Series[]): Read =>
  (now) =>
    (now.published?.snapshot.segments.segments ?? [])
      .filter(({ subscribers }) => subscribers >= SMALLEST_SEGMENT)
      .flatMap((segment) => series(segment, now).map((each): Series => [segment.name, ...each]))

/** Metrics of snapshots as such. */
export const SNAPSHOT_METRICS = [
  counter('snapshot_runs_total', 'Snapshots, by outcome.', ['outcome'], ({ view }) => {
    const { success, failure, skipped } = view.runs()
    return Object.entries({ success, failure, skipped })
  }),
  histogram('snapshot_seconds', 'Time of a snapshot, by phase.', SECONDS, null, ['phase']),
  gauge(
    'snapshot_last_success_timestamp_seconds',
    'Time of the last snapshot; 0 before the first.',
    ({ published }) => (published?.atMs ?? 0) / 1000,
  ),
  gauge(
    'snapshot_interval_seconds',
    'Configured time between snapshots.',
    ({ view }) => view.runs().intervalSeconds,
  ),
  gauge(
    'snapshot_subscribers',
    'Subscribers in the last snapshot.',
    ofSnapshot(({ subscribers }) => subscribers),
  ),
  gauge(
    'snapshot_split_subscribers',
    'Subscribers of the last snapshot that are in more than one partition, and are summed.',
    ofSnapshot(({ splitSubscribers }) => splitSubscribers),
  ),
] as const

/** Metrics of the segments of the last snapshot. */
export const SEGMENT_METRICS = [
  gauge(
    'segment_subscribers',
    'Subscribers of a segment.',
    ['segment'],
    bySegment(({ subscribers }) => [[subscribers]]),
  ),
  ...EXPOSED.map(({ key, label, meanName, base }) =>
    gauge(
      `segment_${meanName}`,
      `Mean ${label.toLowerCase()} per subscriber of a segment.${absentHelp(key)}`,
      ['segment'],
      bySegment(({ metrics }, now) => (hasMetric(now, key) ? [[base(metrics[key].mean)]] : [])),
    ),
  ),
  gauge(
    'segment_traffic_bytes',
    'Traffic of a segment.',
    ['segment'],
    bySegment(({ metrics }) => [[metrics.trafficBytes.total]]),
  ),
  gauge(
    'segment_centroid_ratio',
    'Centroid of a segment after scaling, by feature.',
    ['segment', 'feature'],
    bySegment(({ centroidScaled }) => Object.entries(centroidScaled)),
  ),
  gauge(
    'kmeans_inertia',
    'Sum of squared distances to the nearest centroid, by number of segments.',
    ['k'],
    ({ published }) => {
      const { k, inertia } = published?.snapshot.elbow ?? { k: [], inertia: [] }
      return k.map((each, at): Series => [String(each), inertia[at]])
    },
  ),
  gauge(
    'kmeans_selected_clusters',
    'Segments of the last snapshot.',
    ofSnapshot(({ segments }) => segments.k),
  ),
  gauge(
    'kmeans_iterations',
    'Iterations until k-means converged.',
    ofSnapshot(({ segments }) => segments.iterations),
  ),
] as const
