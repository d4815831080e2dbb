// The wall clock of a time zone: the instant of a time that has no zone.
import { isNearKnownTimes } from '../event-time.ts'

/** The UTC milliseconds of a wall clock time, which is given as if it were UTC. */
export type WallClock = (localMs: number) => number

/** Since 1972 clocks change at quarters of an hour everywhere. */
const QUARTER_MS = 900_000
const DAY_MS = 86_400_000
/** Quarters kept, about 8 months; the times of a file are close together. */
const MOST_QUARTERS = 24_000

/**
 * The clock of a zone by its IANA name. Of a time that occurs twice it takes the later instant; a
 * skipped time has the offset from before the change. ICU and DuckDB do the same. A time that is far
 * from all known times stays as it is: it is unknown in any zone, and may be outside any calendar.
 */
export function wallClockOf(zone: string): WallClock {
  if (zone === 'UTC') return (localMs) => localMs
  const offsetAt = offsetsOf(zone)
  return (localMs) => {
    if (!isNearKnownTimes(localMs)) return localMs
    const before = offsetAt(localMs - DAY_MS)
    const after = offsetAt(localMs + DAY_MS)
    const later = localMs - after
    if (before === after || offsetAt(later) === after) return later
    return localMs - before
  }
}

function offsetsOf(zone: string): (utcMs: number) => number {
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', era: 'short' },
    ...{ year: numeric, month: numeric, day: numeric },
    ...{ hour: numeric, minute: numeric, second: numeric },
  })
  const known = new Map<number, number>()
  return (utcMs) => {
    const quarter = Math.floor(utcMs / QUARTER_MS)
    const found = known.get(quarter)
    if (found !== undefined) return found
    if (known.size >= MOST_QUARTERS) known.clear()
    const start = quarter * QUARTER_MS
    const parts = new Map(
      format.formatToParts(start).map(({ type, value }) => [type, Number(value)]),
    )
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? NaN
    const [year, month, day] = [part('year'), part('month') - 1, part('day')]
    const local = Date.UTC(year, month, day, part('hour'), part('minute'), part('second'))
    known.set(quarter, local - start)
    return local - start
  }
}
