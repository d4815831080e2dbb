// Subscribers of a segment or application, page by page in the order of their MSISDN.
import { APPLICATIONS } from '../record/columns.ts'
import { aggregateAt, FIELD, WIDTH } from '../subscriber/aggregate.ts'
import type { ForEachRows } from './lookup.ts'
import { segmentFinder } from './segment-finder.ts'
import type { Snapshot } from './schema.ts'
import type { SubscriberRow } from './subscriber-schema.ts'

/** Which subscribers are wanted; null means whichever. */
export interface SubscriberQuery {
  segment: string | null
  /** Those with traffic in it. */
  application: string | null
  /** Only those with a larger MSISDN; there may be one of 0. */
  after: number
  /** Most of them. */
  limit: number
}

/** A page, and behind which MSISDN the next one begins; null when there is none. */
export interface SubscriberPage {
  subscribers: SubscriberRow[]
  next: number | null
}

/**
 * The first `limit` that match, from one pass over all rows in any order. Holds one row more than
 * that, whatever the number of subscribers.
 */
export function subscriberPageOf(
  { segment, application, after, limit }: SubscriberQuery,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberPage {
  const segmentOf = segmentFinder(segments)
  const names = segments.segments.map(({ name }) => name)
  const wanted = segment === null ? null : names.indexOf(segment)
  const used = application === null ? -1 : APPLICATIONS.findIndex((name) => name === application)
  const kept = createKept(limit + 1)
  forEachRows((rows, count) => {
    for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
      const msisdn = rows[offset + FIELD.msisdn]
      if (msisdn <= after || msisdn > kept.most()) continue
      if (used >= 0 && !uses(rows, offset, used)) continue
      if (wanted !== null && segmentOf(rows, offset) !== wanted) continue
      kept.add(rows.subarray(offset, offset + WIDTH))
    }
  })
  const found = kept.rows()
  const subscribers = found.slice(0, limit).map((row) => ({
    ...aggregateAt(row, 0),
    segment: names.at(segmentOf(row, 0)) ?? null,
  }))
  return { subscribers, next: found.length > limit ? subscribers[limit - 1].msisdn : null }
}

function uses(rows: Float64Array, offset: number, application: number): boolean {
  const at = offset + FIELD.applications + 2 * application
  return rows[at] + rows[at + 1] > 0
}

interface Kept {
  /** The largest MSISDN that still has a place. */
  most(): number
  add(row: Float64Array): void
  /** By ascending MSISDN. */
  rows(): Float64Array[]
}

/** Keeps the `size` rows with the smallest MSISDN. */
function createKept(size: number): Kept {
  const kept: Float64Array[] = []
  return {
    most: () => (kept.length < size ? Infinity : kept[size - 1][FIELD.msisdn]),
    add(row) {
      let [from, to] = [0, kept.length]
      while (from < to) {
        const middle = (from + to) >>> 1
        if (kept[middle][FIELD.msisdn] < row[FIELD.msisdn]) from = middle + 1
        else to = middle
      }
      kept.splice(from, 0, row.slice())
      if (kept.length > size) kept.pop()
    },
    rows: () => kept,
  }
}
