// Dashboard: the segments of subscribers.
import type { DashboardSource } from './dashboard.ts'
import { snapshotAge, state } from './health.ts'
import { barchart, bargauge, stat, table, timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { grafanaUnit, maxBy, of } from './query.ts'
import { EXPOSED } from '../../src/serve/metrics/subscriber-metrics.ts'

const FEW_LEFT_OUT = 'Segments of fewer than ten subscribers are left out.'

const number = (title: string, description: string, expr: string): Placed =>
  stat({ title, description, unit: 'short', width: 4, queries: [{ expr, legend: title }] })

const health: Placed[] = [
  state(4),
  snapshotAge(4),
  number('Subscribers', 'Subscribers in the last snapshot.', `max(${of('snapshot_subscribers')})`),
  number(
    'Segments',
    'Segments of the last snapshot: k of k-means.',
    `max(${of('kmeans_selected_clusters')})`,
  ),
  number('Iterations', 'Iterations until k-means converged.', `max(${of('kmeans_iterations')})`),
  number(
    'Inertia',
    'Sum of squared distances to the nearest centroid, for the segments of the last snapshot.',
    `max(${of('kmeans_inertia')} and on (job, instance, k) ` +
      `count_values by (job, instance) ("k", ${of('kmeans_selected_clusters')}))`,
  ),
]

/** A number of each segment, the largest first. */
const bySegment = (
  metric: Parameters<typeof of>[0],
  title: string,
  description: string,
  unit: string,
): Placed =>
  bargauge({
    title,
    description: `${description} ${FEW_LEFT_OUT}`,
    unit,
    width: 6,
    queries: [{ expr: `sort_desc(${maxBy('segment', of(metric))})`, legend: '{{segment}}' }],
  })

const sizes: Placed[] = [
  barchart(
    {
      title: 'Sizes now',
      description: `Subscribers of each segment. ${FEW_LEFT_OUT}`,
      unit: 'short',
      width: 10,
      queries: [{ expr: maxBy('segment', of('segment_subscribers')), legend: '{{segment}}' }],
    },
    'segment',
  ),
  timeseries({
    title: 'Sizes over time',
    description: `Subscribers of each segment. ${FEW_LEFT_OUT}`,
    unit: 'short',
    width: 14,
    stacked: true,
    min: 0,
    queries: [{ expr: maxBy('segment', of('segment_subscribers')), legend: '{{segment}}' }],
  }),
]

const shape: Placed[] = [
  table({
    title: 'Centroids',
    description: 'Centroid of each segment in each feature, after scaling.',
    unit: 'none',
    width: 12,
    decimals: 3,
    matrix: { row: 'segment', column: 'feature' },
    queries: [
      {
        expr: maxBy('segment, feature', of('segment_centroid_ratio')),
        legend: '{{segment}} {{feature}}',
      },
    ],
  }),
  barchart(
    {
      title: 'Elbow',
      description:
        'Sum of squared distances to the nearest centroid, by number of segments. Beyond its ' +
        'bend, further segments explain little.',
      unit: 'short',
      width: 12,
      queries: [{ expr: maxBy('k', of('kmeans_inertia')), legend: '{{k}}' }],
    },
    'k',
  ),
]

/** The dashboard of segments. */
export const segments: DashboardSource = {
  name: 'segments',
  title: 'xdr-pulse: segments',
  question: 'Which kinds of subscribers are there, and how many of each?',
  ofOneProcess: true,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Sizes', height: 8, panels: sizes },
    { title: 'Centroids and elbow', height: 8, panels: shape },
    {
      title: 'Engagement',
      height: 6,
      panels: [
        ...EXPOSED.map(({ label, meanName }) =>
          bySegment(`segment_${meanName}`, label, 'Mean per subscriber.', grafanaUnit(meanName)),
        ),
        bySegment('segment_traffic_bytes', 'Total traffic', 'Sum over the segment.', 'decbytes'),
      ],
    },
  ],
}
