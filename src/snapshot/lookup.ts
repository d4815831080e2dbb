// One subscriber against all others: ranks, segment, distances.
import { aggregateAt, FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { meanSession } from './features.ts'
import { scaled } from './scale.ts'
import { createKept, keepColumns, kept, type Kept } from './scan.ts'
import { METRICS, type Feature, type Metric, type Snapshot, type SubscriberView } from './schema.ts'
import { precedes } from './top.ts'

/** Goes over all rows once, in any order, block by block: rows of WIDTH numbers, how many. */
export type ForEachRows = (visit: (rows: Float64Array, count: number) => void) => void

/**
 * The view of one subscriber, null when there is none of that MSISDN; one pass over all rows. The
 * segment is the one whose centroid is nearest in scaled space, the less engaged of equals, null
 * when the snapshot has none (yet).
 */
export function lookUp(
  msisdn: number,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberView | null {
  const all = createKept()
  let row = null as Float64Array | null
  forEachRows((rows, count) => {
    keepColumns(all, rows, count)
    row ??= rowOf(msisdn, rows, count)
  })
  return row === null ? null : viewOf(row, all, segments)
}

function rowOf(msisdn: number, rows: Float64Array, count: number): Float64Array | null {
  for (let at = 0; at < count * WIDTH; at += WIDTH) {
    if (rows[at + FIELD.msisdn] === msisdn) return rows.slice(at, at + WIDTH)
  }
  return null
}

function viewOf(row: Float64Array, all: Kept, segments: Snapshot['segments']): SubscriberView {
  const distances = distancesOf(row, segments)
  let nearest: (typeof distances)[number] | null = null
  for (const each of distances) {
    if (nearest === null || each.distance < nearest.distance) nearest = each
  }
  return {
    aggregate: aggregateAt(row, 0),
    ranks: Object.fromEntries(
      METRICS.map((metric) => [metric, rankOf(row, metric, all)]),
    ) as SubscriberView['ranks'],
    subscribers: all.subscribers,
    segment: nearest?.segment ?? null,
    distances,
  }
}

/** The view of the subscriber whose row this is. */
export const viewSubscriber = (
  row: Float64Array,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberView => lookUp(row[FIELD.msisdn], forEachRows, segments)!

/** A metric or feature of the row that starts at `offset`. */
export function featureAt(rows: Float64Array, offset: number, feature: Feature): number {
  const at = (field: number): number => rows[offset + field]
  if (feature === 'trafficBytes') return at(FIELD.downlinkBytes) + at(FIELD.uplinkBytes)
  if (feature === 'meanSessionDurationMs')
    return meanSession(at(FIELD.durationMs), at(FIELD.sessions))
  return at(FIELD[feature])
}

/** One more than how many rank before the subscriber of `row`. */
function rankOf(row: Float64Array, metric: Metric, { subscribers, columns }: Kept): number {
  const mine = featureAt(row, 0, metric)
  const [first, second] =
    metric === 'trafficBytes' ? [columns.downlinkBytes, columns.uplinkBytes] : [columns[metric]]
  let rank = 1
  for (let at = 0; at < subscribers; at++) {
    const value = second === undefined ? kept(first, at) : kept(first, at) + kept(second, at)
    if (precedes(value, kept(columns.msisdn, at), mine, row[FIELD.msisdn])) rank++
  }
  return rank
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
