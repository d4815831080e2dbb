// Compares the numbers that SQL computes from the files with those of the state, per subscriber.
import type { StateView } from '../../state/read.ts'
import { doubles, streamChunks } from '../chunks.ts'
import { queryRows, type DuckDBConnection } from '../duckdb.ts'
import { assert } from '../errors.ts'
import { REASONS } from '../record/batch.ts'
import { APPLICATIONS } from '../record/columns.ts'
import { addRow, FIELD, FIELD_NAMES, WIDTH } from '../subscriber/aggregate.ts'
import { APPLICATION_NUMBERS, REJECTED_SQL, SUBSCRIBERS_SQL, TOTALS_SQL } from './expected-sql.ts'
import type { Findings } from './findings.ts'

/** What was compared. */
export interface Compared {
  /** Number of subscribers in the files. */
  subscribers: number
  applications: number
}

/**
 * Receives the progress of a stage: `parquet` aggregates the files in SQL and counts rows; `state`
 * reads LMDB, and `compare` compares, and both count subscribers.
 */
export type VerifyProgress = (
  stage: 'parquet' | 'state' | 'compare',
  done: number,
  total: number,
) => void

/** Compares the table `expected` (see `expectedSql`) with a view of a state. */
export async function compareState(
  connection: DuckDBConnection,
  view: StateView,
  findings: Findings,
  onProgress: VerifyProgress,
): Promise<Compared> {
  const rows = readRows(view, onProgress)
  const [totals] = await queryRows(connection, TOTALS_SQL)
  compareCounts(await queryRows(connection, REJECTED_SQL), totals, view, findings)
  compareApplications(totals, rows, findings)
  const subscribers = Number(totals.subscribers)
  await compareSubscribers(connection, rows, findings, (compared) => {
    onProgress('compare', compared, subscribers)
  })
  return { subscribers, applications: APPLICATIONS.length }
}

function compareCounts(
  rejected: Record<string, unknown>[],
  totals: Record<string, unknown>,
  { counters }: StateView,
  { expect }: Findings,
): void {
  expect('rows applied', Number(totals.records), counters.applied)
  for (const reason of REASONS) {
    const expected = rejected.find(({ outcome }) => outcome === reason)?.records ?? 0
    expect(`rows rejected ${reason}`, Number(expected), counters.rejected[reason] ?? 0)
  }
}

/** All rows of the state, WIDTH numbers each, with their order by MSISDN. */
interface Rows {
  values: Float64Array
  /** MSISDNs, ascending. */
  sorted: Float64Array
  /** Row of each MSISDN in `sorted`; further rows of it are zeros. */
  order: Uint32Array
}

function readRows(view: StateView, onProgress: VerifyProgress): Rows {
  const count = view.counters.subscribers
  const values = new Float64Array(count * WIDTH)
  let filled = 0
  onProgress('state', 0, count)
  view.scan((rows, size) => {
    values.set(rows.subarray(0, size * WIDTH), filled)
    filled += size * WIDTH
    onProgress('state', filled / WIDTH, count)
  })
  assert(filled === values.length, 'a view has a row per subscriber and partition')
  const all = new Float64Array(count)
  for (let row = 0; row < count; row++) all[row] = values[row * WIDTH + FIELD.msisdn]
  all.sort()
  const sorted = all.filter((msisdn, at) => at === 0 || msisdn !== all[at - 1])
  return { values, sorted, order: mergeRows(values, sorted) }
}

/** Adds further rows of a subscriber, which are in other partitions, to its first one. */
function mergeRows(values: Float64Array, sorted: Float64Array): Uint32Array {
  const order = new Uint32Array(sorted.length)
  const taken = new Uint8Array(sorted.length)
  for (let at = 0; at < values.length; at += WIDTH) {
    const place = lowerBound(sorted, values[at + FIELD.msisdn])
    if (taken[place] === 1) {
      addRow(values, order[place] * WIDTH, values, at)
      values.fill(0, at, at + WIDTH)
    } else {
      taken[place] = 1
      order[place] = at / WIDTH
    }
  }
  return order
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Totals can exceed 2^53: the high and the low half of each number are summed separately. */
function compareApplications(
  totals: Record<string, unknown>,
  { values }: Rows,
  { expect }: Findings,
): void {
  const half = 2 ** 26
  for (const name of APPLICATION_NUMBERS) {
    let [high, low] = [0, 0]
    for (let at = FIELD_NAMES.indexOf(name); at < values.length; at += WIDTH) {
      const part = Math.floor(values[at] / half)
      high += part
      low += values[at] - part * half
    }
    const found = BigInt(high) * BigInt(half) + BigInt(low)
    expect(`total ${name}`, totals[name] as bigint, found)
  }
}

/** Compares both in order of MSISDN. */
async function compareSubscribers(
  connection: DuckDBConnection,
  { values, sorted, order }: Rows,
  findings: Findings,
  onCompared: (subscribers: number) => void,
): Promise<void> {
  const { expect } = findings
  const result = await streamChunks(connection, SUBSCRIBERS_SQL)
  let place = 0
  let compared = 0
  const onlyInState = (): void => {
    const records = values[order[place] * WIDTH + FIELD.records]
    expect(`subscriber ${sorted[place++]}`, 'none', `${records} records`)
  }
  for (;;) {
    const chunk = await result.fetch()
    if (chunk === null) break
    const columns = Array.from({ length: WIDTH }, (_, column) => doubles(chunk, column))
    for (let i = 0; i < chunk.rowCount; i++) {
      const msisdn = columns[FIELD.msisdn][i]
      while (place < sorted.length && sorted[place] < msisdn) onlyInState()
      if (place < sorted.length && sorted[place] === msisdn) {
        compareRow(columns, i, values, order[place++] * WIDTH, findings)
      } else expect(`subscriber ${msisdn}`, `${columns[FIELD.records][i]} records`, 'none')
    }
    compared += chunk.rowCount
    onCompared(compared)
  }
  while (place < sorted.length) onlyInState()
}

function compareRow(
  columns: readonly Float64Array[],
  i: number,
  values: Float64Array,
  at: number,
  { expect }: Findings,
): void {
  for (let field = 0; field < WIDTH; field++) {
    const expected = columns[field][i]
    const found = values[at + field]
    if (expected === found) continue
    expect(`subscriber ${columns[FIELD.msisdn][i]}: ${FIELD_NAMES[field]}`, expected, found)
  }
}
