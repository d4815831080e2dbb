// By how many days the times of files are moved, so that their last day becomes another one.
import type { DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import { lastEventTime, type Readable } from './rows.ts'
import { DAY_MS } from './sql/shift.ts'

/** The day that the last day of the files becomes: the present one, or one as `2026-01-31`. */
export type ShiftTo = 'now' | (string & {})

/** A shift, and the day that is moved. */
export interface Shift {
  days: number
  /** The last day of event time in the files, as `2019-04-30`. */
  lastDay: string
  /** What it becomes. */
  newDay: string
}

/**
 * The shift of some files together.
 *
 * @param nowMs the present time, UTC ms
 * @throws PulseError `input-invalid` when no row has a known Start
 */
export async function findShift(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  to: ShiftTo,
  timeZone: string,
  nowMs: number,
): Promise<Shift> {
  const lastMs = await lastEventTime(connection, readables)
  if (lastMs === 0) {
    throw new PulseError(
      'input-invalid',
      '--shift-to: no row of the files has a known Start, expected at least one; leave the option out',
    )
  }
  return shiftOf(lastMs, to === 'now' ? dayOf(nowMs, timeZone) : to, timeZone)
}

/** The shift after which a time is on a day of a zone, at the same time of day in UTC. */
export function shiftOf(lastMs: number, wanted: string, timeZone: string): Shift {
  const lastDay = dayOf(lastMs, timeZone)
  const target = Date.parse(wanted) / DAY_MS
  let days = target - Date.parse(lastDay) / DAY_MS
  // Where clocks are changed, an hour at midnight may lie on the day before or after.
  const reached = Date.parse(dayOf(lastMs + days * DAY_MS, timeZone)) / DAY_MS
  days += target - reached
  return { days, lastDay, newDay: wanted }
}

/** The day of a time in a zone, as `2026-01-31`. */
function dayOf(timeMs: number, timeZone: string): string {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  return new Intl.DateTimeFormat('en-CA', { timeZone, ...parts }).format(timeMs)
}
