// One pass over all aggregates: what a snapshot remembers of the rows that go by.
import { APPLICATIONS } from '../record/columns.ts'
import { FIELD, WIDTH } from '../subscriber/aggregate.ts'
import { addExact, createSums, type ExactSums } from './exact.ts'
import { METRICS } from './schema.ts'
import { createTopList, offer, type TopList } from './top.ts'

/** Subscribers in a block of columns: 2^16. */
const BLOCK_BITS = 16
const BLOCK_MASK = (1 << BLOCK_BITS) - 1

/** The numbers kept of every subscriber. */
const KEPT = ['msisdn', 'sessions', 'durationMs', 'downlinkBytes', 'uplinkBytes'] as const
export type KeptColumn = (typeof KEPT)[number]

/**
 * The numbers kept, in the order of the rows; the columns grow by blocks, 40 bytes a subscriber,
 * and are never copied.
 */
export interface Kept {
  subscribers: number
  columns: Record<KeptColumn, Float64Array[]>
}

/** What was collected so far. Nothing but the order of what is kept depends on that of rows. */
export interface Scan extends Kept {
  /** Sums of the row's fields, by FIELD. */
  sums: ExactSums
  /** Subscribers with traffic in each application. */
  users: Float64Array
  /** One list a metric, in the order of METRICS. */
  tops: TopList[]
  /** One list an application, in the order of APPLICATIONS, by download plus upload. */
  applicationTops: TopList[]
}

/** No subscribers yet. */
export const createKept = (): Kept => ({
  subscribers: 0,
  columns: { msisdn: [], sessions: [], durationMs: [], downlinkBytes: [], uplinkBytes: [] },
})

/** An empty scan whose top lists will hold `topN` subscribers. */
export function createScan(topN: number): Scan {
  return {
    ...createKept(),
    sums: createSums(WIDTH),
    users: new Float64Array(APPLICATIONS.length),
    tops: METRICS.map(() => createTopList(topN)),
    applicationTops: APPLICATIONS.map(() => createTopList(topN)),
  }
}

/**
 * Takes in the first `count` rows of `rows`, WIDTH numbers each. Over all calls each subscriber
 * must come exactly once, in any order.
 */
export function addRows(scan: Scan, rows: Float64Array, count: number): void {
  keepColumns(scan, rows, count)
  for (let offset = 0; offset < count * WIDTH; offset += WIDTH) {
    for (let field: number = FIELD.records; field < FIELD.firstStartMs; field++) {
      addExact(scan.sums, field, rows[offset + field])
    }
    offerMetrics(scan.tops, rows, offset)
    offerApplications(scan, rows, offset)
  }
}

/** A kept number of the subscriber at `index` of the scan. */
export function kept(column: readonly Float64Array[], index: number): number {
  return column[index >>> BLOCK_BITS][index & BLOCK_MASK]
}

/** Keeps the columns of the first `count` rows of `rows`. */
export function keepColumns(into: Kept, rows: Float64Array, count: number): void {
  const { columns } = into
  for (let row = 0; row < count; row++) {
    const index = into.subscribers++
    if ((index & BLOCK_MASK) === 0) {
      for (const name of KEPT) columns[name].push(new Float64Array(1 << BLOCK_BITS))
    }
    const block = index >>> BLOCK_BITS
    const at = index & BLOCK_MASK
    const offset = row * WIDTH
    columns.msisdn[block][at] = rows[offset + FIELD.msisdn]
    columns.sessions[block][at] = rows[offset + FIELD.sessions]
    columns.durationMs[block][at] = rows[offset + FIELD.durationMs]
    columns.downlinkBytes[block][at] = rows[offset + FIELD.downlinkBytes]
    columns.uplinkBytes[block][at] = rows[offset + FIELD.uplinkBytes]
  }
}

/** The lists stand in the order of METRICS. */
function offerMetrics(tops: readonly TopList[], rows: Float64Array, offset: number): void {
  const msisdn = rows[offset + FIELD.msisdn]
  const downlinkBytes = rows[offset + FIELD.downlinkBytes]
  const uplinkBytes = rows[offset + FIELD.uplinkBytes]
  offer(tops[0], rows[offset + FIELD.sessions], msisdn)
  offer(tops[1], rows[offset + FIELD.durationMs], msisdn)
  offer(tops[2], downlinkBytes + uplinkBytes, msisdn)
  offer(tops[3], downlinkBytes, msisdn)
  offer(tops[4], uplinkBytes, msisdn)
}

function offerApplications(scan: Scan, rows: Float64Array, offset: number): void {
  const msisdn = rows[offset + FIELD.msisdn]
  for (let application = 0; application < APPLICATIONS.length; application++) {
    const at = offset + FIELD.applications + 2 * application
    const trafficBytes = rows[at] + rows[at + 1]
    if (trafficBytes > 0) scan.users[application]++
    offer(scan.applicationTops[application], trafficBytes, msisdn)
  }
}
