// The subscribers of a segment or application in a roster, without a pass for each page.
import { APPLICATIONS } from '../record/columns.ts'
import { FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { segmentFinder } from './lookup.ts'
import { METRIC_FIELDS } from './metrics.ts'
import { firstFrom, type Roster } from './roster.ts'
import type { Snapshot } from './schema.ts'
import type { SubscriberQuery } from './subscriber-page.ts'

/** By place of a roster: the place of the subscriber's segment, from least engaged; and the names. */
export interface RosterSegments {
  labels: Int16Array
  names: readonly string[]
}

/** The segment of each subscriber of a roster; one pass, 2 bytes per subscriber. */
export function segmentsOfRoster(
  { subscribers, columns }: Roster,
  segments: Snapshot['segments'],
): RosterSegments {
  const labels = new Int16Array(subscribers)
  const segmentOf = segmentFinder(segments)
  const row = new Float64Array(WIDTH)
  for (let at = 0; at < subscribers; at++) {
    for (const field of METRIC_FIELDS) row[FIELD[field]] = columns[field][at]
    labels[at] = segmentOf(row, 0)
  }
  return { labels, names: segments.segments.map(({ name }) => name) }
}

/** The places of a roster that match a query, by ascending MSISDN; its limit does not count. */
export function* matchingPlaces(
  roster: Roster,
  { labels, names }: RosterSegments,
  { segment, application, after }: Omit<SubscriberQuery, 'limit'>,
): Generator<number> {
  const wanted = segment === null ? null : names.indexOf(segment)
  const bit = 1 << APPLICATIONS.findIndex((name) => name === application)
  // MSISDNs are whole numbers.
  for (let at = firstFrom(roster, after + 1); at < roster.subscribers; at++) {
    if (wanted !== null && labels[at] !== wanted) continue
    if (application !== null && (roster.used[at] & bit) === 0) continue
    yield at
  }
}
