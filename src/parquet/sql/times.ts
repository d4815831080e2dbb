// SQL of the instant in UTC milliseconds that a value of any type is.
import { literal } from '../../duckdb.ts'
import { UNREADABLE } from '../../record/batch.ts'
import { TIME_BLANKS, type TimeFormat } from '../../record/formats/time-format.ts'
import { unlessMissing } from './missing.ts'
import { digitsTime, numericTime } from './numeric-times.ts'
import { textTime, usualTime } from './text-times.ts'

/** How the times of a file are read. */
export interface TimeReading {
  timeZone: string
  /** Null: a text with day and month before the year is not read. */
  timeFormat: TimeFormat | null
}

/** A time of day with a zone, as in ISO 8601. */
const NAMED_ZONE = ':\\d\\d(\\.\\d+)?\\s*([Zz]|[+-]\\d\\d(:?\\d\\d)*)\\s*$'
const WHOLE = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/
const JUNK = `${UNREADABLE}::DOUBLE`

/** A time that no TIMESTAMP holds is in no known year: its row is read, and the time unreadable. */
const calendarTime = (name: string, inZone: (sql: string) => string): string =>
  `CASE WHEN ${name} IS NOT NULL
    THEN coalesce(${inZone(`try_cast(${name} AS TIMESTAMP)`)}::DOUBLE, ${JUNK}) END`

/** SQL of the UTC milliseconds of a TIMESTAMP without a zone. */
const inZone = ({ timeZone }: TimeReading, sql: string): string =>
  timeZone === 'UTC' ? `epoch_ms(${sql})` : `epoch_ms(timezone(${literal(timeZone)}, ${sql}))`

/** SQL of the instant as float64; NULL where it is missing, UNREADABLE for what is not a time. */
export function timeSql(name: string, type: string, reading: TimeReading): string {
  const { timeFormat } = reading
  const utc = (sql: string): string => inZone(reading, sql)
  if (type === 'VARCHAR') {
    const other = unlessMissing(name, `coalesce(${textInstant(name, timeFormat, utc)})`)
    if (timeFormat === null) return other
    // No spelling of a missing value is a time.
    return `coalesce(${usualTimeSql(name, reading, timeFormat)}, ${other})`
  }
  // A time with a zone is an instant; the magnitude of a number shows its unit.
  if (type.includes('TIME ZONE')) return `epoch_ms(${name})::DOUBLE`
  if (/^(TIMESTAMP|DATE)/.test(type)) return calendarTime(name, utc)
  if (type === '"NULL"') return 'NULL::DOUBLE'
  if (type.startsWith('DECIMAL')) return decimalTime(name, utc)
  return numericTime(name, WHOLE.test(type), utc)
}

/** The same of a text; NULL for any text that is not a time in the usual spelling. */
export const usualTimeSql = (name: string, reading: TimeReading, order: TimeFormat): string =>
  `${inZone(reading, usualTime(name, order))}::DOUBLE`

/** SQL of the instants that a text may spell, the first that is not NULL counts. */
function textInstant(
  name: string,
  order: TimeFormat | null,
  inZone: (sql: string) => string,
): string {
  const named = `regexp_matches(${name}, ${literal(NAMED_ZONE)})`
  // A cast to TIMESTAMP would drop the zone that the text names.
  return `${inZone(textTime(`trim(trim(${name}), ${literal(TIME_BLANKS)})`, order))}::DOUBLE,
    CASE WHEN ${named} THEN epoch_ms(try_cast(trim(${name}) AS TIMESTAMPTZ))
    ELSE ${inZone(`try_cast(${name} AS TIMESTAMP)`)} END::DOUBLE,
    ${digitsTime(`trim(${name})`, inZone)}, ${JUNK}`
}

/** A whole decimal may hold nanoseconds, one with a fraction seconds or milliseconds. */
const decimalTime = (name: string, inZone: (sql: string) => string): string =>
  `CASE WHEN ${name} = floor(${name}) THEN ${numericTime(`floor(${name})::HUGEINT`, true, inZone)}
    ELSE ${numericTime(`${name}::DOUBLE`, false, inZone)} END`
