// One subscriber against all others: ranks, segment, distances.
import { aggregateAt, FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { meanSession } from './metric.ts'
import { scaled } from './scale.ts'
import { METRICS, type Feature, type Snapshot, type SubscriberView } from './schema.ts'
import { precedes } from './top.ts'

/** Goes over all rows once, in any order, block by block: rows of WIDTH numbers, how many. */
export type ForEachRows = (visit: (rows: Float64Array, count: number) => void) => void

/**
 * The view of the subscriber whose row starts `row`. Ranks come from one pass over all rows; the
 * segment is the one whose centroid is nearest in scaled space, the less engaged of equals, null
 * when the snapshot has none (yet).
 */
export function viewSubscriber(
  row: Float64Array,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberView {
  const distances = distancesOf(row, segments)
  let nearest: (typeof distances)[number] | null = null
  for (const each of distances) {
    if (nearest === null || each.distance < nearest.distance) nearest = each
  }
  return {
    aggregate: aggregateAt(row, 0),
    ...ranksOf(row, forEachRows),
    segment: nearest?.segment ?? null,
    distances,
  }
}

/** A metric or feature of the row that starts at `offset`. */
export function featureAt(rows: Float64Array, offset: number, feature: Feature): number {
  const at = (field: number): number => rows[offset + field]
  if (feature === 'trafficBytes') return at(FIELD.downlinkBytes) + at(FIELD.uplinkBytes)
  if (feature === 'meanSessionDurationMs')
    return meanSession(at(FIELD.durationMs), at(FIELD.sessions))
  return at(FIELD[feature])
}

function ranksOf(
  row: Float64Array,
  forEachRows: ForEachRows,
): Pick<SubscriberView, 'ranks' | 'subscribers'> {
  const msisdn = row[FIELD.msisdn]
  const mine = METRICS.map((metric) => featureAt(row, 0, metric))
  const ranks = METRICS.map(() => 1)
  let subscribers = 0
  forEachRows((rows, count) => {
    subscribers += count
    for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
      const other = rows[offset + FIELD.msisdn]
      for (let at = 0; at < METRICS.length; at++) {
        if (precedes(featureAt(rows, offset, METRICS[at]), other, mine[at], msisdn)) ranks[at]++
      }
    }
  })
  const named = Object.fromEntries(METRICS.map((metric, at) => [metric, ranks[at]]))
  return { ranks: named as SubscriberView['ranks'], subscribers }
}

function distancesOf(
  row: Float64Array,
  { features, scale, segments }: Snapshot['segments'],
): SubscriberView['distances'] {
  const point = features.map((feature) => scaled(featureAt(row, 0, feature), scale[feature]))
  return segments.map(({ name, centroidScaled }) => ({
    segment: name,
    distance: Math.hypot(...features.map((feature, at) => point[at] - centroidScaled[feature])),
  }))
}
