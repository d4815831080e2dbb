// Traffic by the hour in which a session started: one row of sums an hour.
import { AMOUNTS, type Batch } from '../record/batch.ts'
import { addAmounts } from './fold.ts'

export const HOUR_MS = 3_600_000
/** Records, sessions, then the amounts of a record. */
export const HOUR_WIDTH: number = 2 + AMOUNTS
/** The hour of records without a readable Start. */
export const UNKNOWN_HOUR = -1

/** Sums by hour number (milliseconds since 1970 / HOUR_MS), with what changed since the commit. */
export interface HourTable {
  rows: Map<number, Float64Array>
  dirty: Set<number>
}

export const createHourTable = (): HourTable => ({ rows: new Map(), dirty: new Set() })

/** Adds a batch; rows of an hour mostly come together, so the last hour is remembered. */
export function foldHours(table: HourTable, batch: Batch): void {
  const { count, session, startMs, amounts } = batch
  let hour = NaN
  let row: Float64Array = new Float64Array(0)
  for (let i = 0; i < count; i++) {
    const start = startMs[i]
    const of = start === 0 ? UNKNOWN_HOUR : Math.floor(start / HOUR_MS)
    if (of !== hour) {
      hour = of
      row = hourRow(table, hour)
      table.dirty.add(hour)
    }
    row[0]++
    row[1] += session[i]
    addAmounts(row, 2, amounts, i)
  }
}

function hourRow(table: HourTable, hour: number): Float64Array {
  let row = table.rows.get(hour)
  if (row === undefined) {
    row = new Float64Array(HOUR_WIDTH)
    table.rows.set(hour, row)
  }
  return row
}
