// Traffic by the hour in which a session started: one row of sums per hour.
import type { Batch } from '../record/batch.ts'
import { FIELD } from './aggregate.ts'
import { addAmounts } from './fold.ts'

/** Milliseconds in an hour. */
export const HOUR_MS = 3_600_000

/** The place in an hour's row of a field of an aggregate: the row has the sums and no more. */
export const hourPlace = (field: number): number => field - FIELD.records

/** Numbers in the row of an hour. */
export const HOUR_WIDTH: number = hourPlace(FIELD.firstStartMs)

const RECORDS = hourPlace(FIELD.records)
const SESSIONS = hourPlace(FIELD.sessions)
const FIRST_AMOUNT = hourPlace(FIELD.amounts)

/** The hour of records without a readable Start. */
export const UNKNOWN_HOUR = -1

/** Sums by hour number (milliseconds since 1970 / HOUR_MS), and the hours changed since a commit. */
export interface HourTable {
  rows: Map<number, Float64Array>
  dirty: Set<number>
}

/** A table without hours. */
export const createHourTable = (): HourTable => ({ rows: new Map(), dirty: new Set() })

/** Adds a batch. Rows of an hour mostly come together, so the row of the last hour is kept at hand. */
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
    row[RECORDS]++
    row[SESSIONS] += session[i]
    addAmounts(row, FIRST_AMOUNT, amounts, i)
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
