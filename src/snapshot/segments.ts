// The segments of a snapshot: size, centroid and metrics in their own units.
import { addExact, createSums, totalOf, type ExactSums } from './exact.ts'
import { featureColumn } from './features.ts'
import { METRICS, type Feature, type Metric } from './metrics.ts'
import { byEngagement, segmentNames } from './segment-text.ts'
import type { Roster } from './roster.ts'
import { sampleSegments } from './sample.ts'
import { unscaled, type Scale } from './scale.ts'
import type { Segment } from './schema.ts'
import type { Settled } from './kmeans/settle.ts'

/** The result of k-means; `order[i]` is the place in the roster of the point with `labels[i]`. */
export interface Found extends Settled {
  order: Uint32Array
  centroids: Float64Array
  features: readonly Feature[]
  scales: readonly Scale[]
}

/** The segments from least to most engaged. */
export function segmentsOf(roster: Roster, found: Found): Segment[] {
  const { centroids, features, counts } = found
  const k = counts.length
  const labels = labelsByPlace(found)
  const summaries = METRICS.map((metric) => summariseMetric(roster, found, labels, metric))
  const samples = sampleSegments(roster, found, k)
  const names = segmentNames(k)
  return byEngagement(centroids, k, features.length).map((c, level) => {
    const metrics = Object.fromEntries(
      METRICS.map((metric, at) => [metric, summaries[at][c]]),
    ) as Segment['metrics']
    const coordinate = (axis: number): number => centroids[c * features.length + axis]
    return {
      name: names[level],
      subscribers: counts[c],
      share: counts[c] / roster.subscribers,
      centroid: Object.fromEntries(
        features.map((feature, axis) => [
          feature,
          // A metric's mean itself: the unscaled coordinate differs from it by rounding.
          feature in metrics
            ? metrics[feature as Metric].mean
            : Math.max(0, unscaled(coordinate(axis), found.scales[axis])),
        ]),
      ),
      centroidScaled: Object.fromEntries(
        features.map((feature, axis) => [feature, coordinate(axis)]),
      ),
      metrics,
      sample: samples[c],
    }
  })
}

type Summary = Segment['metrics'][Metric]

/** The segment of each subscriber in the order of the roster, which is read sequentially. */
function labelsByPlace({ labels, order }: Found): Uint16Array {
  const byPlace = new Uint16Array(labels.length)
  for (let point = 0; point < labels.length; point++) byPlace[order[point]] = labels[point]
  return byPlace
}

/** One metric of each segment. Totals are exact, so the order of subscribers does not matter. */
function summariseMetric(
  roster: Roster,
  { counts }: Found,
  labels: Uint16Array,
  metric: Metric,
): Summary[] {
  const values = featureColumn(roster, metric)
  const min = new Float64Array(counts.length).fill(Infinity)
  const max = new Float64Array(counts.length)
  const sums: ExactSums = createSums(counts.length)
  for (let place = 0; place < labels.length; place++) {
    const label = labels[place]
    const each = values[place]
    if (each < min[label]) min[label] = each
    if (each > max[label]) max[label] = each
    addExact(sums, label, each)
  }
  return Array.from(counts, (count, c) => {
    const total = totalOf(sums, c)
    return { min: min[c], max: max[c], mean: total / count, total }
  })
}
