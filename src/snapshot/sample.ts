// A few subscribers of each segment, without their names: what a scatter plot draws.
import { kept, type KeptColumn, type Scan } from './scan.ts'
import type { Segment } from './schema.ts'
import { createTopList, offer } from './top.ts'

/** Subscribers drawn over all segments: enough to see shapes, little enough for a live stream. */
const SAMPLE_SIZE = 1200

const SHOWN = [
  'sessions',
  'durationMs',
  'downlinkBytes',
  'uplinkBytes',
] as const satisfies readonly KeptColumn[]

/**
 * Up to the same number of subscribers of each segment, so that small segments are seen too.
 * `order[i]` is the index in the scan of the point with `labels[i]`, by MSISDN. Those are drawn
 * whose hash is largest (bottom-k sampling, Cohen and Kaplan, PODC 2007): whoever is drawn stays
 * drawn as others come, so that points on a screen move instead of jumping.
 */
export function sampleSegments(
  scan: Scan,
  { labels, order }: { labels: Uint16Array; order: Uint32Array },
  k: number,
): Segment['sample'][] {
  const size = Math.floor(SAMPLE_SIZE / k)
  const drawn = Array.from({ length: k }, () => createTopList(size))
  for (let point = 0; point < labels.length; point++) {
    const msisdn = kept(scan.columns.msisdn, order[point])
    offer(drawn[labels[point]], hash(msisdn), point)
  }
  return drawn.map(({ length, msisdns: points }) => {
    const values = (column: KeptColumn): number[] =>
      Array.from(points.subarray(0, length), (point) => kept(scan.columns[column], order[point]))
    return Object.fromEntries(SHOWN.map((column) => [column, values(column)])) as Segment['sample']
  })
}

/** 32 bits of an MSISDN of up to 53, mixed as MurmurHash3 does at its end. */
function hash(msisdn: number): number {
  let mixed = Math.imul(Math.floor(msisdn / 2 ** 32) + 1, 0x9e3779b1) ^ (msisdn >>> 0)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
