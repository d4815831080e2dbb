// Segments in plain English, with numbers in the units people use.
import type { Feature, Segment } from './schema.ts'
import { countText, featureText, shareText } from './units.ts'

/** A paragraph on the segments: how many, who is in each, what sets the top one apart. */
export function interpretSegments(
  segments: readonly Segment[],
  features: readonly Feature[],
  subscribers: number,
): string {
  if (subscribers === 0) return 'No subscribers yet, so there are no segments.'
  if (segments.length === 1) {
    const [all] = segments
    return `One segment holds ${countText(subscribers, 'subscriber')}: ${typical(all, features)}.`
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

/** What the most engaged carry of all traffic, where there is any. */
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
