// The roster: the subscribers of one moment by ascending MSISDN, as columns.
import type { KeptField } from './metrics.ts'
import { orderByMsisdn } from './order.ts'
import { kept, type KeptColumns } from './scan.ts'

/** Kept numbers in the canonical order, a column each; 45 bytes per subscriber. */
export interface Roster {
  subscribers: number
  columns: Record<KeptField, Float64Array>
  /** The index of each subscriber in the scan. */
  indexes: Uint32Array
  /** Bit i is set when the subscriber has traffic in application i. */
  used: Uint8Array
}

/** The roster of a scan, whose columns are released one by one: the scan must not be used again. */
export function rosterOf(scan: KeptColumns): Roster {
  const { subscribers } = scan
  const indexes = orderByMsisdn(scan)
  const take = <Column extends Float64Array | Uint8Array>(
    blocks: Column[],
    into: Column,
  ): Column => {
    for (let at = 0; at < subscribers; at++) into[at] = kept(blocks, indexes[at])
    blocks.length = 0
    return into
  }
  const columns = Object.fromEntries(
    Object.entries(scan.columns).map(([field, blocks]) => [
      field,
      take(blocks, new Float64Array(subscribers)),
    ]),
  ) as Roster['columns']
  return { subscribers, columns, indexes, used: take(scan.used, new Uint8Array(subscribers)) }
}

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

/** MSISDNs that come more than once: they are in as many partitions, which are not merged. */
export function countRepeated({ columns: { msisdn } }: Roster): number {
  let repeated = 0
  let isCounted = false
  for (let at = 1; at < msisdn.length; at++) {
    const isSame = msisdn[at] === msisdn[at - 1]
    if (isSame && !isCounted) repeated++
    isCounted = isSame
  }
  return repeated
}
