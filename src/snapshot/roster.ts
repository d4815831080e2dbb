// The roster: the subscribers of one moment by ascending MSISDN, as columns.
import type { KeptField } from './metrics.ts'
import { orderByMsisdn } from './order.ts'
import { kept, type KeptColumns, type Scan } from './scan.ts'

/** Kept numbers in the canonical order, a column each; 45 bytes per subscriber. */
export interface Roster {
  subscribers: number
  columns: Record<KeptField, Float64Array>
  /** The index in the scan of each row, those of a subscriber beside each other. */
  indexes: Uint32Array
  /** By subscriber, and at the end: where its rows begin in `indexes`; null when each has one. */
  starts: Uint32Array | null
  /** Bit i is set when the subscriber has traffic in application i. */
  used: Uint8Array
}

/** The roster of a scan, whose columns are released one by one: the scan must not be used again. */
export function rosterOf(scan: KeptColumns & Partial<Pick<Scan, 'order'>>): Roster {
  const { subscribers, order } = scan
  const starts = order?.starts ?? null
  const places = starts === null && order ? order.indexes : orderByMsisdn(scan)
  const take = <Column extends Float64Array | Uint8Array>(
    blocks: Column[],
    into: Column,
  ): Column => {
    for (let at = 0; at < subscribers; at++) into[at] = kept(blocks, places[at])
    blocks.length = 0
    return into
  }
  const columns = Object.fromEntries(
    Object.entries(scan.columns).map(([field, blocks]) => [
      field,
      take(blocks, new Float64Array(subscribers)),
    ]),
  ) as Roster['columns']
  const used = take(scan.used, new Uint8Array(subscribers))
  return { subscribers, columns, indexes: order?.indexes ?? places, starts, used }
}

/** Where the rows of the subscriber at a place are in `indexes`: the first, and the exclusive end. */
export const rowsOfPlace = ({ starts }: Pick<Roster, 'starts'>, place: number): [number, number] =>
  starts === null ? [place, place + 1] : [starts[place], starts[place + 1]]

/** The first place of a roster with an MSISDN of at least `msisdn`. */
export function firstFrom({ columns }: Roster, msisdn: number): number {
  let [below, above] = [-1, columns.msisdn.length]
  while (above - below > 1) {
    const middle = (below + above) >>> 1
    if (columns.msisdn[middle] < msisdn) below = middle
    else above = middle
  }
  return above
}
