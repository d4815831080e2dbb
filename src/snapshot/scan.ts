// One pass over all aggregates: collects what a snapshot is computed from.
import { APPLICATIONS } from '../record/columns.ts'
import { downlinkField, FIELD, uplinkField, WIDTH } from '../subscriber/aggregate.ts'
import { addExact, createSums, type ExactSums } from './exact.ts'
import { METRIC_FIELDS, METRIC_PLACES, METRICS, sumAt, type KeptField } from './metrics.ts'
import { createTopList, offer, type TopList } from './top.ts'

/** Subscribers in a block of columns: 2^16. */
const BLOCK_BITS = 16
const BLOCK_SIZE = 1 << BLOCK_BITS
const BLOCK_MASK = BLOCK_SIZE - 1

/** The numbers kept of every subscriber: what metrics are computed from, and who it is. */
const KEPT: readonly KeptField[] = ['msisdn', ...METRIC_FIELDS]

const KEPT_PLACES = KEPT.map((field) => FIELD[field])
/** The places in a row whose sum is the traffic of each application. */
const APPLICATION_PLACES = APPLICATIONS.map((_, at) => [downlinkField(at), uplinkField(at)])

/**
 * The kept numbers in the order of the rows, a column each, 8 bytes per number. Columns grow by
 * blocks and are never copied.
 */
export interface KeptColumns {
  subscribers: number
  columns: Record<KeptField, Float64Array[]>
  /** Bit i is set when the subscriber has traffic in application i. */
  used: Uint8Array[]
}

/** The rows of a scan by ascending MSISDN, those of a subscriber beside each other. */
export interface RowOrder {
  /** The index of each row in the scan. */
  indexes: Uint32Array
  /** By subscriber, and at the end: where its rows begin in `indexes`; null when each has one. */
  starts: Uint32Array | null
  /** Subscribers with several rows: they are in as many partitions. */
  split: number
}

/** What was collected so far. Only the order of the kept numbers depends on the order of rows. */
export interface Scan extends KeptColumns {
  /** The sum of each field of a row, by FIELD. */
  sums: ExactSums
  /** Subscribers with traffic in each application. */
  users: Float64Array
  /** The top list of each metric, in the order of METRICS. */
  tops: TopList[]
  /** The top list of each application by traffic, in the order of APPLICATIONS. */
  applicationTops: TopList[]
  /** The rows that subscribers were summed from; null when each row is a subscriber. */
  order: RowOrder | null
}

/** Columns without subscribers. */
export const createKeptColumns = (): KeptColumns => ({
  subscribers: 0,
  columns: Object.fromEntries(
    KEPT.map((field): [KeptField, Float64Array[]] => [field, []]),
  ) as KeptColumns['columns'],
  used: [],
})

/** An empty scan whose top lists hold up to `topN` subscribers. */
export function createScan(topN: number): Scan {
  return {
    ...createKeptColumns(),
    sums: createSums(WIDTH),
    users: new Float64Array(APPLICATIONS.length),
    tops: METRICS.map(() => createTopList(topN)),
    applicationTops: APPLICATIONS.map(() => createTopList(topN)),
    order: null,
  }
}

/**
 * Adds the first `count` rows of `rows`, WIDTH numbers each. Over all calls each subscriber must
 * come exactly once, in any order.
 */
export function addRows(scan: Scan, rows: Float64Array, count: number): void {
  let index = scan.subscribers
  keepColumns(scan, rows, count)
  for (let offset = 0; offset < count * WIDTH; offset += WIDTH, index++) {
    for (let field = FIELD.records; field < FIELD.firstStartMs; field++) {
      addExact(scan.sums, field, rows[offset + field])
    }
    offerMetrics(scan.tops, rows, offset)
    scan.used[index >>> BLOCK_BITS][index & BLOCK_MASK] = offerApplications(scan, rows, offset)
  }
}

function offerMetrics(tops: readonly TopList[], rows: Float64Array, offset: number): void {
  const msisdn = rows[offset + FIELD.msisdn]
  for (let metric = 0; metric < METRIC_PLACES.length; metric++) {
    offer(tops[metric], sumAt(rows, offset, METRIC_PLACES[metric]), msisdn)
  }
}

/** Returns a bit for each application with traffic. */
function offerApplications(scan: Scan, rows: Float64Array, offset: number): number {
  const msisdn = rows[offset + FIELD.msisdn]
  let used = 0
  for (let application = 0; application < APPLICATIONS.length; application++) {
    const trafficBytes = sumAt(rows, offset, APPLICATION_PLACES[application])
    if (trafficBytes > 0) {
      scan.users[application]++
      used |= 1 << application
    }
    offer(scan.applicationTops[application], trafficBytes, msisdn)
  }
  return used
}

/** A kept number of the subscriber at `index` of the scan. */
export function kept(column: readonly (Float64Array | Uint8Array)[], index: number): number {
  return column[index >>> BLOCK_BITS][index & BLOCK_MASK]
}

/** Adds the kept numbers of the first `count` rows of `rows` to the columns. */
export function keepColumns(into: KeptColumns, rows: Float64Array, count: number): void {
  const columns = KEPT.map((field) => into.columns[field])
  for (let row = 0; row < count; row++) {
    const index = into.subscribers++
    const at = index & BLOCK_MASK
    if (at === 0) {
      for (const column of columns) column.push(new Float64Array(BLOCK_SIZE))
      into.used.push(new Uint8Array(BLOCK_SIZE))
    }
    const block = index >>> BLOCK_BITS
    const offset = row * WIDTH
    for (let c = 0; c < columns.length; c++) columns[c][block][at] = rows[offset + KEPT_PLACES[c]]
  }
}
