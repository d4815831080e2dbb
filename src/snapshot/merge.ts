// Subscribers whose rows are in several partitions: each becomes one row, the sum of its rows.
import { addRow, WIDTH } from '../subscriber/aggregate.ts'
import type { ForEachRows } from './lookup.ts'
import { orderByMsisdn } from './order.ts'
import { addRows, createKeptColumns, createScan, keepColumns, kept } from './scan.ts'
import type { KeptColumns, RowOrder, Scan } from './scan.ts'

/** Most sums that are held at once, 185 MB: further ones need another pass. */
const MOST_SUMS = 2 ** 20

/** The order of rows by MSISDN, and which of them are of one subscriber. */
export function orderOf(scan: KeptColumns): RowOrder {
  const indexes = orderByMsisdn(scan)
  const { msisdn } = scan.columns
  const isFirst = (at: number): boolean =>
    at === 0 || kept(msisdn, indexes[at]) !== kept(msisdn, indexes[at - 1])
  let [subscribers, split] = [0, 0]
  for (let at = 0; at < indexes.length; at++) {
    if (isFirst(at)) subscribers++
    else if (isFirst(at - 1)) split++
  }
  if (split === 0) return { indexes, starts: null, split }
  const starts = new Uint32Array(subscribers + 1)
  let place = 0
  for (let at = 0; at < indexes.length; at++) if (isFirst(at)) starts[place++] = at
  starts[place] = indexes.length
  return { indexes, starts, split }
}

/**
 * Scans all rows into what a snapshot is computed from. A second pass sums the rows of subscribers
 * that have several; most states have none, and need one pass.
 */
export function scanSubscribers(forEachRows: ForEachRows, topN: number): Scan {
  let scan = createScan(topN)
  const add = (rows: Float64Array, count: number): void => addRows(scan, rows, count)
  forEachRows(add)
  const order = orderOf(scan)
  if (order.starts !== null) {
    // The columns of the rows are released first.
    scan = createScan(topN)
    visitMerged(forEachRows, order, add)
  }
  scan.order = order
  return scan
}

/** Passes over subscribers instead of rows; the first one needs a pass for their MSISDNs. */
export function mergedRows(forEachRows: ForEachRows): ForEachRows {
  let order: RowOrder | null = null
  return (visit) => {
    order ??= readOrder(forEachRows)
    visitMerged(forEachRows, order, visit)
  }
}

function readOrder(forEachRows: ForEachRows): RowOrder {
  const columns = createKeptColumns()
  forEachRows((rows, count) => keepColumns(columns, rows, count))
  return orderOf(columns)
}

/** Visits the subscribers with one row as they come, and then the sums of the others. */
function visitMerged(
  forEachRows: ForEachRows,
  { indexes, starts, split }: RowOrder,
  visit: Parameters<ForEachRows>[0],
): void {
  if (starts === null) {
    forEachRows(visit)
    return
  }
  const sumOf = sumsByRow(indexes, starts)
  for (let from = 0; from < split; from += MOST_SUMS) {
    const sums = new Float64Array(Math.min(MOST_SUMS, split - from) * WIDTH)
    let row = 0
    forEachRows((rows, count) => {
      const single = from === 0 ? singleRows(rows, count, sumOf, row) : null
      for (let at = 0; at < count * WIDTH; at += WIDTH) {
        const into = (sumOf[row++] - 1 - from) * WIDTH
        if (into >= 0 && into < sums.length) addRow(sums, into, rows, at)
      }
      if (single !== null && single.length > 0) visit(single, single.length / WIDTH)
    })
    visit(sums, sums.length / WIDTH)
  }
}

/** By row of the scan: the number of the sum that it belongs to, from 1; 0 for a single row. */
function sumsByRow(indexes: Uint32Array, starts: Uint32Array): Uint32Array {
  const sumOf = new Uint32Array(indexes.length)
  let sums = 0
  for (let place = 0; place + 1 < starts.length; place++) {
    if (starts[place + 1] - starts[place] === 1) continue
    sums++
    for (let at = starts[place]; at < starts[place + 1]; at++) sumOf[indexes[at]] = sums
  }
  return sumOf
}

/** Copies the rows that belong to no sum. */
function singleRows(
  rows: Float64Array,
  count: number,
  sumOf: Uint32Array,
  first: number,
): Float64Array {
  const single = new Float64Array(count * WIDTH)
  let filled = 0
  for (let row = 0; row < count; row++) {
    if (sumOf[first + row] > 0) continue
    single.set(rows.subarray(row * WIDTH, (row + 1) * WIDTH), filled)
    filled += WIDTH
  }
  return single.subarray(0, filled)
}

/** The sum of the rows of one subscriber. */
export function sumOfRows(rows: readonly Float64Array[]): Float64Array {
  if (rows.length === 1) return rows[0]
  const sum = new Float64Array(WIDTH)
  for (const row of rows) addRow(sum, 0, row, 0)
  return sum
}
