// Names of segments, and a paragraph that describes them.
import type { Feature } from './metrics.ts'
import type { Segment } from './schema.ts'
import { countText, featureText, shareText } from './units.ts'

const NAMES: readonly (readonly string[])[] = [
  [],
  ['all'],
  ['low', 'high'],
  ['low', 'medium', 'high'],
  ['very low', 'low', 'high', 'very high'],
  ['very low', 'low', 'medium', 'high', 'very high'],
]

/** The names of `k` segments; more than five are numbered levels that sort as text. */
export function segmentNames(k: number): string[] {
  if (k < NAMES.length) return [...NAMES[k]]
  const digits = String(k).length
  return Array.from({ length: k }, (_, at) => `level ${String(at + 1).padStart(digits, '0')}`)
}

/**
 * Centroids from least to most engaged, as indexes: by the sum of their scaled coordinates, equal
 * sums by the first coordinate that differs, equal centroids by index.
 */
export function byEngagement(centroids: Float64Array, k: number, dimensions: number): number[] {
  const rows = Array.from({ length: k }, (_, c) =>
    centroids.subarray(c * dimensions, (c + 1) * dimensions),
  )
  const sums = rows.map((row) => row.reduce((sum, value) => sum + value, 0))
  return rows
    .map((_, index) => index)
    .sort((a, b) => sums[a] - sums[b] || compareRows(rows[a], rows[b]) || a - b)
}

function compareRows(a: Float64Array, b: Float64Array): number {
  const axis = a.findIndex((value, at) => value !== b[at])
  return axis < 0 ? 0 : a[axis] - b[axis]
}

/** A paragraph on the segments: their number, sizes and means, and the share of the most engaged. */
export function interpretSegments(
  segments: readonly Segment[],
  features: readonly Feature[],
  subscribers: number,
): string {
  if (subscribers === 0) return 'No subscribers yet, so there are no segments.'
  if (segments.length === 1) {
    const [all] = segments
    const means = features.length === 0 ? '' : `: ${typical(all, features)}`
    return `One segment holds ${countText(subscribers, 'subscriber')}${means}.`
  }
  const parts = segments.map((segment) => describe(segment, features))
  return [
    `${countText(subscribers, 'subscriber')} fall into ${segments.length} segments.`,
    ...parts,
    ...contrast(segments, subscribers),
  ].join(' ')
}

function describe(segment: Segment, features: readonly Feature[]): string {
  return (
    `${capital(segment.name)}: ${countText(segment.subscribers, 'subscriber')} ` +
    `(${shareText(segment.share)}), on average ${typical(segment, features)}.`
  )
}

function typical(segment: Segment, features: readonly Feature[]): string {
  const texts = features.map((feature) => featureText(feature, segment.centroid[feature]))
  if (texts.length < 2) return texts.join('')
  return `${texts.slice(0, -1).join(', ')} and ${texts[texts.length - 1]}`
}

/** The share of the most engaged in all traffic; empty without traffic. */
function contrast(segments: readonly Segment[], subscribers: number): string[] {
  const total = segments.reduce((sum, { metrics }) => sum + metrics.trafficBytes.total, 0)
  const most = segments[segments.length - 1]
  if (total === 0) return []
  return [
    `The most engaged segment, ${shareText(most.subscribers / subscribers)} of subscribers, ` +
      `carries ${shareText(most.metrics.trafficBytes.total / total)} of the traffic.`,
  ]
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
