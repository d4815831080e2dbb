// One subscriber against all others: ranks, segment, distances; and the segment of any row.
import { FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { squaredDistance } from './kmeans/distance.ts'
import { aggregateAt, METRIC_PLACES, METRICS, readerOf, sumAt } from './metrics.ts'
import type { Ranking } from './ranks.ts'
import { scaled } from './scale.ts'
import type { Snapshot } from './schema.ts'
import type { SubscriberView } from './subscriber-schema.ts'
import { precedes } from './top.ts'

/** Visits all rows once, in any order, in blocks of `count` rows of WIDTH numbers. */
export type ForEachRows = (visit: (rows: Float64Array, count: number) => void) => void

/**
 * The view of one subscriber, null for an unknown MSISDN: a pass over all rows finds its row, and a
 * second one its ranks.
 */
export function lookUp(
  msisdn: number,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberView | null {
  const row = findRow(msisdn, forEachRows)
  return row === null ? null : viewSubscriber(row, forEachRows, segments)
}

/** The row of one subscriber, null for an unknown MSISDN, from one pass over all rows. */
export function findRow(msisdn: number, forEachRows: ForEachRows): Float64Array | null {
  let row = null as Float64Array | null
  forEachRows((rows, count) => {
    row ??= rowOf(msisdn, rows, count)
  })
  return row
}

function rowOf(msisdn: number, rows: Float64Array, count: number): Float64Array | null {
  for (let at = 0; at < count * WIDTH; at += WIDTH) {
    if (rows[at + FIELD.msisdn] === msisdn) return rows.slice(at, at + WIDTH)
  }
  return null
}

/** The view of the subscriber of a row, from one pass over all rows. */
export function viewSubscriber(
  row: Float64Array,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberView {
  const ranks = new Array<number>(METRICS.length).fill(1)
  let subscribers = 0
  forEachRows((rows, count) => {
    addRanks(ranks, row, rows, count)
    subscribers += count
  })
  return viewRanked(row, { ranks, subscribers }, segments)
}

/**
 * The view of the subscriber of a row with its ranks. Its segment has the nearest centroid in scaled
 * space, of equally near ones the less engaged; null without segments.
 */
export function viewRanked(
  row: Float64Array,
  { ranks, subscribers }: Ranking,
  segments: Snapshot['segments'],
): SubscriberView {
  const distances = distancesOf(row, segments)
  let nearest: (typeof distances)[number] | null = null
  for (const each of distances) {
    if (nearest === null || each.distance < nearest.distance) nearest = each
  }
  return {
    aggregate: aggregateAt(row, 0),
    ranks: Object.fromEntries(
      METRICS.map((metric, at) => [metric, ranks[at]]),
    ) as SubscriberView['ranks'],
    subscribers,
    segment: nearest?.segment ?? null,
    distances,
  }
}

/** Adds to the rank in each metric the number of rows that rank before `row`. */
function addRanks(ranks: number[], row: Float64Array, rows: Float64Array, count: number): void {
  const own = METRIC_PLACES.map((places) => sumAt(row, 0, places))
  const ownMsisdn = row[FIELD.msisdn]
  for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
    const msisdn = rows[offset + FIELD.msisdn]
    for (let metric = 0; metric < own.length; metric++) {
      const value = sumAt(rows, offset, METRIC_PLACES[metric])
      if (precedes(value, msisdn, own[metric], ownMsisdn)) ranks[metric]++
    }
  }
}

function distancesOf(
  row: Float64Array,
  { features, scale, segments }: Snapshot['segments'],
): SubscriberView['distances'] {
  const point = features.map((feature) => scaled(readerOf(feature)(row, 0), scale[feature]))
  return segments.map(({ name, centroidScaled }) => ({
    segment: name,
    distance: Math.hypot(...features.map((feature, at) => point[at] - centroidScaled[feature])),
  }))
}

/** The place of the segment of the row that starts at `offset`, from least engaged; -1 without any. */
export type SegmentFinder = (rows: Float64Array, offset: number) => number

/** Finds the nearest centroid as k-means does; of equally near ones the less engaged. */
export function segmentFinder({ features, scale, segments }: Snapshot['segments']): SegmentFinder {
  const dimensions = features.length
  const readers = features.map(readerOf)
  const scales = features.map((feature) => scale[feature])
  const centroids = Float64Array.from(
    segments.flatMap(({ centroidScaled }) => features.map((feature) => centroidScaled[feature])),
  )
  const point = new Float64Array(dimensions)
  return (rows, offset) => {
    for (let axis = 0; axis < dimensions; axis++) {
      point[axis] = scaled(readers[axis](rows, offset), scales[axis])
    }
    let nearest = -1
    let least = Infinity
    for (let at = 0; at < segments.length; at++) {
      const distance = squaredDistance(point, 0, centroids, at * dimensions, dimensions)
      if (distance >= least) continue
      least = distance
      nearest = at
    }
    return nearest
  }
}
