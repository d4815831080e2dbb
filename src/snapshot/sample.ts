// A sample of the subscribers of each segment, without MSISDNs, for a scatter plot.
import { METRIC_FIELDS, type MetricField } from './metrics.ts'
import type { Roster } from './roster.ts'
import type { Segment } from './schema.ts'
import { createTopList, offer } from './top.ts'

/** Subscribers of all samples: enough to see shapes, few enough for a live stream. */
const SAMPLE_SIZE = 1200

/**
 * A sample of each segment, all of the same size as far as the segments are large enough, so that
 * small segments are visible. `order[i]` is the place in the roster of the point with
 * `labels[i]`. The subscribers with the largest hash are chosen (bottom-k sampling, Cohen and Kaplan,
 * PODC 2007), so a subscriber stays in the sample as others are added, and points move on a screen
 * instead of being replaced.
 */
export function sampleSegments(
  { columns }: Roster,
  { labels, order }: { labels: Uint16Array; order: Uint32Array },
  k: number,
): Segment['sample'][] {
  const size = Math.floor(SAMPLE_SIZE / k)
  const chosen = Array.from({ length: k }, () => createTopList(size))
  for (let point = 0; point < labels.length; point++) {
    const msisdn = columns.msisdn[order[point]]
    offer(chosen[labels[point]], hash(msisdn), point)
  }
  return chosen.map(({ length, msisdns: points }) => {
    const values = (field: MetricField): number[] =>
      Array.from(points.subarray(0, length), (point) => columns[field][order[point]])
    return Object.fromEntries(
      METRIC_FIELDS.map((field) => [field, values(field)]),
    ) as Segment['sample']
  })
}

/** A 32-bit hash of an MSISDN of up to 53 bits, with MurmurHash3's finaliser. */
function hash(msisdn: number): number {
  let mixed = Math.imul(Math.floor(msisdn / 2 ** 32) + 1, 0x9e3779b1) ^ (msisdn >>> 0)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
