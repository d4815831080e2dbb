// The instant that a number spells: time since 1970, its unit by magnitude, or the digits of a date.
//
// From 2000 to 2100 seconds, milliseconds, microseconds and nanoseconds since 1970 and the digits
// yyyymmdd, yyyymmddhhmm and yyyymmddhhmmss have ranges that do not overlap, so a number within one
// of them has one meaning. Any other number is an unknown time.
import { UNREADABLE } from './batch.ts'
import type { WallClock } from './decode/text-zone.ts'

/** Seconds since 1970 of 2000-01-01 and 2100-01-01. */
export const FIRST_SECOND = 946_684_800
/** Exclusive. */
export const LAST_SECOND = 4_102_444_800

/** Bounds of the digits of a date, the last one exclusive, and the factor of its day. */
export const DATE_DIGITS = [
  { from: 20_000_101, to: 21_000_101, day: 1, format: '%Y%m%d' },
  { from: 200_001_010_000, to: 210_001_010_000, day: 1e4, format: '%Y%m%d%H%M' },
  { from: 20_000_101_000_000, to: 21_000_101_000_000, day: 1e6, format: '%Y%m%d%H%M%S' },
] as const

/** Whether a number may be nanoseconds since 1970, of which a float64 holds only the nearest 256. */
export const isNanoseconds = (value: number): boolean =>
  value >= FIRST_SECOND * 1e9 && value < LAST_SECOND * 1e9

/**
 * The instant in whole UTC milliseconds; UNREADABLE for a number that is not a time, NaN for NaN. Digits
 * of a date are a time of `clock`. A fraction is rounded to microseconds first, which a float64 of
 * seconds or nanoseconds holds, so that whole milliseconds stay what they are.
 */
export function instantOf(value: number, clock: WallClock): number {
  if (value >= FIRST_SECOND * 1e3 && value < LAST_SECOND * 1e3) return Math.floor(value)
  if (value >= FIRST_SECOND && value < LAST_SECOND) return Math.floor(Math.round(value * 1e6) / 1e3)
  if (value >= FIRST_SECOND * 1e6 && value < LAST_SECOND * 1e6) return Math.floor(value / 1e3)
  if (isNanoseconds(value)) return Math.floor(Math.round(value / 1e3) / 1e3)
  for (const { from, to, day } of DATE_DIGITS) {
    if (value >= from && value < to) return dateOf(value, day, clock)
  }
  return value === value ? UNREADABLE : NaN
}

function dateOf(value: number, day: number, clock: WallClock): number {
  if (Math.floor(value) !== value) return UNREADABLE
  const date = Math.floor(value / day)
  const clockDigits = (value % day) * (1e6 / day)
  const [year, month, dayOfMonth] = [
    Math.floor(date / 1e4),
    Math.floor(date / 100) % 100,
    date % 100,
  ]
  const hour = Math.floor(clockDigits / 1e4)
  const [minute, second] = [Math.floor(clockDigits / 100) % 100, clockDigits % 100]
  const midnight = new Date(Date.UTC(year, month - 1, dayOfMonth))
  const isDate = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === dayOfMonth
  if (!isDate || hour > 23 || minute > 59 || second > 59) return UNREADABLE
  return clock(midnight.getTime() + hour * 3_600_000 + minute * 60_000 + second * 1000)
}

/** Texts of at least 8 digits are read as numbers: the shortest time has 8. */
const DIGITS = /^\d{8,19}(\.\d+)?$/
const NANOSECOND_DIGITS = 18

/** The instant that a text of digits spells, without spaces around it; null for any other text. */
export function instantOfDigits(text: string, clock: WallClock): number | null {
  const match = DIGITS.exec(text)
  if (match === null) return null
  const isExact = (match[1] as string | undefined) === undefined && text.length >= NANOSECOND_DIGITS
  // The nearest float64 of the whole number could be in the next millisecond.
  return isExact ? instantOf(Number(text.slice(0, -6)), clock) : instantOf(Number(text), clock)
}
