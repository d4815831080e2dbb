// What the metrics say of the last snapshot, as plain values without any MSISDN; pure.
import { APPLICATIONS } from '../../record/columns.ts'
import type { Distribution, Segment, Snapshot } from '../../snapshot/schema.ts'
import { TOP_METRICS } from './catalogue.ts'
import { sample, type Sample } from './ingest-samples.ts'
import type { Published } from '../view.ts'

/** Smaller segments are not published: their means would tell of single people. */
export const SMALLEST_SEGMENT = 10

/** Ranks published: "01" to "10". */
const RANKS = 10

const PERCENTILES: readonly (keyof Distribution['quantiles'])[] = [
  'p01',
  'p10',
  'p25',
  'p50',
  'p75',
  'p90',
  'p99',
]

/** Samples of a snapshot; what is known in advance is there, as 0, before the first. */
export function snapshotSamples(published: Published | null): Sample[] {
  const snapshot = published?.snapshot
  return [
    sample('snapshot_last_success_timestamp_seconds', (published?.atMs ?? 0) / 1000),
    sample('snapshot_subscribers', snapshot?.subscribers ?? 0),
    sample('kmeans_selected_clusters', snapshot?.segments.k ?? 0),
    sample('kmeans_iterations', snapshot?.segments.iterations ?? 0),
    ...(snapshot?.elbow.inertia ?? []).map((inertia, index) =>
      sample('kmeans_inertia', inertia, { k: String(snapshot?.elbow.k[index]) }),
    ),
    ...distributionSamples(snapshot),
    ...applicationSamples(snapshot),
    ...(snapshot === undefined ? [] : topSamples(snapshot)),
    ...(snapshot?.segments.segments ?? [])
      .filter((segment) => segment.subscribers >= SMALLEST_SEGMENT)
      .flatMap(segmentSamples),
  ]
}

function distributionSamples(snapshot: Snapshot | undefined): Sample[] {
  return PERCENTILES.flatMap((key) => {
    const labels = { percentile: key.slice(1) }
    const { sessions, durationMs, trafficBytes } = snapshot?.distribution ?? {}
    return [
      sample('subscriber_sessions', sessions?.quantiles[key] ?? 0, labels),
      sample('subscriber_duration_seconds', (durationMs?.quantiles[key] ?? 0) / 1000, labels),
      sample('subscriber_traffic_bytes', trafficBytes?.quantiles[key] ?? 0, labels),
    ]
  })
}

function applicationSamples(snapshot: Snapshot | undefined): Sample[] {
  return APPLICATIONS.flatMap((name) => {
    const application = snapshot?.applications.find((each) => each.name === name)
    const labels = { application: name }
    const top = application?.top.slice(0, RANKS) ?? []
    return [
      sample('application_subscribers', application?.subscribers ?? 0, labels),
      sample('application_traffic_share_ratio', application?.share ?? 0, labels),
      ...top.map((entry, index) =>
        sample('application_top_subscriber_traffic_bytes', entry.value, {
          ...labels,
          rank: rankLabel(index),
        }),
      ),
    ]
  })
}

function topSamples(snapshot: Snapshot): Sample[] {
  const metrics = Object.keys(TOP_METRICS) as (keyof typeof TOP_METRICS)[]
  return metrics.flatMap((metric) => {
    const [name, factor] = TOP_METRICS[metric]
    return snapshot.top[metric]
      .slice(0, RANKS)
      .map((entry, index) => sample(name, entry.value * factor, { rank: rankLabel(index) }))
  })
}

function segmentSamples(segment: Segment): Sample[] {
  const labels = { segment: segment.name }
  const { sessions, durationMs, trafficBytes } = segment.metrics
  return [
    sample('segment_subscribers', segment.subscribers, labels),
    sample('segment_sessions_mean', sessions.mean, labels),
    sample('segment_duration_mean_seconds', durationMs.mean / 1000, labels),
    sample('segment_traffic_mean_bytes', trafficBytes.mean, labels),
    sample('segment_traffic_bytes', trafficBytes.total, labels),
    ...Object.entries(segment.centroidScaled).map(([feature, value]) =>
      sample('segment_centroid_ratio', value, { ...labels, feature }),
    ),
  ]
}

/** Two digits, so that text sorts as numbers do. */
function rankLabel(index: number): string {
  return String(index + 1).padStart(2, '0')
}
