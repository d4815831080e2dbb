// Subscribers of a segment or application, page by page by ascending MSISDN.
import { APPLICATIONS } from '../record/columns.ts'
import { downlinkField, FIELD, uplinkField, WIDTH } from '../subscriber/aggregate.ts'
import { segmentFinder, type ForEachRows } from './lookup.ts'
import { aggregateAt } from './metrics.ts'
import type { Snapshot } from './schema.ts'
import type { SubscriberRow } from './subscriber-schema.ts'

/** A query for subscribers; null selects all. */
export interface SubscriberQuery {
  segment: string | null
  /** Selects subscribers with traffic in it. */
  application: string | null
  /** Selects subscribers with a larger MSISDN; -1 for the first page, as one may have MSISDN 0. */
  after: number
  /** The most subscribers of a page. */
  limit: number
}

/** A page, and the `after` of the next one; null at the end. */
export interface SubscriberPage {
  subscribers: SubscriberRow[]
  next: number | null
}

/**
 * The first `limit` subscribers that match, from one pass over all rows in any order. It keeps at
 * most `limit` + 1 rows, whatever the number of subscribers.
 */
export function subscriberPageOf(
  { segment, application, after, limit }: SubscriberQuery,
  forEachRows: ForEachRows,
  segments: Snapshot['segments'],
): SubscriberPage {
  const segmentOf = segmentFinder(segments)
  const names = segments.segments.map(({ name }) => name)
  const wanted = segment === null ? null : names.indexOf(segment)
  const used = application === null ? -1 : placeOf(application)
  const kept = createSmallestRows(limit + 1)
  forEachRows((rows, count) => {
    for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
      const msisdn = rows[offset + FIELD.msisdn]
      if (msisdn <= after || msisdn > kept.most()) continue
      if (used >= 0 && !uses(rows, offset, used)) continue
      if (wanted !== null && segmentOf(rows, offset) !== wanted) continue
      kept.add(rows.subarray(offset, offset + WIDTH))
    }
  })
  const rows = kept.rows()
  const named = rows.map((row) => ({ row, segment: names.at(segmentOf(row, 0)) ?? null }))
  return pageOf(named.slice(0, limit), rows.length > limit)
}

/** A page of rows with the names of their segments; `hasMore` when further subscribers match. */
export function pageOf(
  found: readonly { row: Float64Array; segment: string | null }[],
  hasMore: boolean,
): SubscriberPage {
  const subscribers = found.map(({ row, segment }) => ({ ...aggregateAt(row, 0), segment }))
  return { subscribers, next: hasMore ? (subscribers.at(-1)?.msisdn ?? null) : null }
}

const placeOf = (application: string): number =>
  APPLICATIONS.findIndex((name) => name === application)

function uses(rows: Float64Array, offset: number, application: number): boolean {
  return rows[offset + downlinkField(application)] + rows[offset + uplinkField(application)] > 0
}

/** The rows with the smallest MSISDNs of those added. */
interface SmallestRows {
  /** Rows with a larger MSISDN need not be added. */
  most(): number
  add(row: Float64Array): void
  /** By ascending MSISDN. */
  rows(): Float64Array[]
}

function createSmallestRows(size: number): SmallestRows {
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
