// Reads numbers and times from text, with the same results as the SQL over Parquet.
import { UNREADABLE } from '../batch.ts'
import { DAY_MONTH, YEAR_MERIDIEM, type TimeFormat } from '../formats/time-format.ts'
import { instantOfDigits } from '../numeric-time.ts'
import type { WallClock } from './text-zone.ts'

/** The spellings of a missing value in a text column, in lower case and without spaces around them. */
export const MISSING_TEXTS: readonly string[] = ['', '\\n', '\\\\n', 'nan', 'null']
/** The same for all other columns; a text column may hold `undefined` as a value. */
export const MISSING_VALUES: readonly string[] = [...MISSING_TEXTS, 'undefined']

/** Codes of what may end AM and PM. */
const [LETTER_M, DOT] = [109, 46]

const MISSING: ReadonlySet<string> = new Set(MISSING_VALUES)
const LONGEST_MISSING = Math.max(...MISSING_VALUES.map(({ length }) => length))

const SPACE = '[\\t-\\r ]*'
const DIGITS = '\\d+(?:_\\d+)*'
const NUMBER = new RegExp(
  `^${SPACE}\\+?(-?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?)${SPACE}$`,
)
const WORD = new RegExp(`^${SPACE}\\+?(-?)(inf|infinity|nan)${SPACE}$`, 'i')

const DATE = '(\\d{1,6})([-/ \\\\])(\\d{1,2})\\2(\\d{1,2})'
const ZONE = '(Z| UTC|[+-]\\d\\d(?::?\\d\\d(?::?\\d\\d)?)?)'
const CLOCK = `(\\d+):(?:(\\d{1,2})(?::(?:(\\d{1,2})(?:\\.(\\d*))?${ZONE}?(?: ${SPACE})?)?)?)?`
const YEAR_FIRST = new RegExp(`^${SPACE}${DATE}(?:[T\\t-\\r ]${SPACE}${CLOCK})?$`)

/** Whether a text is a spelling of a missing value. */
export const isMissing = (text: string): boolean => isMissingWord(withoutSpaces(text))

const isMissingWord = (trimmed: string): boolean =>
  trimmed.length <= LONGEST_MISSING && MISSING.has(trimmed.toLowerCase())

const isSpace = (code: number): boolean =>
  code === 32 || (code > 127 && /\p{Zs}/u.test(String.fromCharCode(code)))

/** The text without spaces of any width at both ends; other white space stays, as in DuckDB's trim. */
export function withoutSpaces(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** The number that a text spells; NaN where it is missing, UNREADABLE where it is not a number. */
export function numberOf(text: string): number {
  const trimmed = withoutSpaces(text)
  if (isMissingWord(trimmed)) return NaN
  const digits = NUMBER.exec(trimmed)?.[1]
  if (digits !== undefined) {
    return Number(digits.includes('_') ? digits.replaceAll('_', '') : digits)
  }
  const word = WORD.exec(trimmed)
  if (word === null) return UNREADABLE
  if (word[2].toLowerCase() === 'nan') return NaN
  return word[1] === '-' ? -Infinity : Infinity
}

/**
 * The instant that a text spells, in UTC milliseconds since 1970: day, month and year in `order` with a
 * time of day, ISO 8601, or digits as `instantOf` reads them, by `clock` where the text has no zone. NaN
 * where it is missing, UNREADABLE where it is not a time.
 *
 * @param order null when no order is known: then a text that needs one is not a time
 */
export function timeOf(text: string, clock: WallClock, order: TimeFormat | null): number {
  const trimmed = withoutSpaces(text)
  if (isMissingWord(trimmed)) return NaN
  const dayMonth = DAY_MONTH.exec(trimmed)
  if (dayMonth !== null) {
    const [, first, , second, year, ...time] = dayMonth
    if (order === null) return UNREADABLE
    const [month, day] = order === 'day-first' ? [second, first] : [first, second]
    return instantOfClock(year, month, day, time, clock)
  }
  const last = trimmed.charCodeAt(trimmed.length - 1) | 32
  const withMeridiem = last === LETTER_M || last === DOT ? YEAR_MERIDIEM.exec(trimmed) : null
  if (withMeridiem !== null) {
    const [, year, , month, day, ...time] = withMeridiem
    return instantOfClock(year, month, day, time, clock)
  }
  const yearFirst = YEAR_FIRST.exec(text)
  if (yearFirst === null) return instantOfDigits(trimmed, clock) ?? UNREADABLE
  const [, year, , month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = ''] =
    yearFirst
  const seconds = Number(second)
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'))
  if (seconds > 59) return UNREADABLE
  if (zone === '') return instant(year, month, day, hour, minute, seconds + ms / 1000, clock)
  const offset = offsetOf(zone)
  const named: WallClock = (localMs) => localMs - offset
  return instant(year, month, day, hour, minute, seconds + ms / 1000, named)
}

/** A date with a time of day as the expressions give it: hour, minute, second, fraction, A or P. */
function instantOfClock(
  year: string,
  month: string,
  day: string,
  [hour, minute, second = '0', fraction = '', half = '']: readonly (string | undefined)[],
  clock: WallClock,
): number {
  const shown = Number(hour)
  const isHour = half === '' ? shown <= 23 : shown >= 1 && shown <= 12
  if (!isHour) return UNREADABLE
  const hours = half === '' ? shown : (shown % 12) + (half.toUpperCase() === 'P' ? 12 : 0)
  const seconds = Number(second) + Number(fraction.slice(0, 3).padEnd(3, '0')) / 1000
  return instant(year, month, day, String(hours), minute ?? '0', seconds, clock)
}

function instant(
  year: string,
  month: string,
  day: string,
  hour: string,
  minute: string,
  second: number,
  clock: WallClock,
): number {
  const [y, m, d, h, min] = [year, month, day, hour, minute].map(Number)
  const midnight = Date.UTC(y, m - 1, d)
  const date = new Date(midnight)
  const isDate = y >= 1000 && date.getUTCMonth() === m - 1 && date.getUTCDate() === d
  const isTime = min < 60 && second < 60 && (h < 24 || (h === 24 && min + second === 0))
  if (!isDate || !isTime) return UNREADABLE
  return clock(midnight + h * 3_600_000 + min * 60_000 + Math.round(second * 1000))
}

/** The offset of a zone such as `Z`, `+02` or `-05:30` from UTC, in milliseconds. */
function offsetOf(zone: string): number {
  const digits = zone.replace(/\D/g, '').padEnd(6, '0')
  const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2)))
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1000
  return zone.startsWith('-') ? -size : size
}
