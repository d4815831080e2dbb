// The SQL of `verify` for single values: numbers, MSISDNs and times of any type of column.
import { identifier, literal } from '../duckdb.ts'
import type { ParquetFile } from '../parquet/files.ts'
import type { NumberFormat } from '../record/formats/number-format.ts'
import type { TimeFormat } from '../record/formats/time-format.ts'
import type { SourceUnits } from '../record/source-units.ts'
import { localNumber, localTime } from './formats-sql.ts'
import { MISSING_VALUES } from '../record/decode/text.ts'

const MISSING = MISSING_VALUES.map(literal).join(', ')
const [FIRST_MS, LAST_MS] = [Date.UTC(2000, 0), Date.UTC(2100, 0)]

/** A column of a file: its name in SQL and its type. */
export interface Column {
  sql: string
  text: boolean
  type: string
  /** How its texts are read. */
  order: TimeFormat | null
  format: NumberFormat
}

/** How the texts of a file are read. */
export type Formats = Pick<SourceUnits, 'timeFormat' | 'numberFormats'>

/** A column of a file, with the formats of its texts; null where the file has none. */
export function columnOf(
  file: ParquetFile,
  canonical: string,
  { timeFormat, numberFormats }: Formats,
): Column | null {
  const name = file.columns.get(canonical)
  if (name === undefined) return null
  const type = file.types.get(canonical) ?? ''
  const sql = type === 'BLOB' ? `${identifier(name)}::VARCHAR` : identifier(name)
  const format = numberFormats[canonical] ?? 'point'
  return { sql, text: type === 'VARCHAR' || type === 'BLOB', type, order: timeFormat, format }
}

/** SQL that is true where a value is missing. */
export function isMissing(column: Column | null): string {
  if (column === null) return 'true'
  const { sql, text, type } = column
  // Not IN: for a list of this length DuckDB plans a join and reports no progress.
  if (text) return `(${sql} IS NULL OR list_contains([${MISSING}], lower(trim(${sql}))))`
  const notANumber = type === 'FLOAT' || type === 'DOUBLE' ? ` OR isnan(${sql})` : ''
  return `(${sql} IS NULL${notANumber})`
}

/** SQL of a number; NULL where it is missing or unreadable. */
export function numberOf(column: Column | null): string {
  if (column === null) return 'NULL::DOUBLE'
  if (['INTERVAL', 'TIME'].includes(column.type)) {
    const micros = `coalesce(try(epoch_us(${column.sql}))::DOUBLE, -1)`
    return `(CASE WHEN ${column.sql} IS NOT NULL THEN ${micros} END)`
  }
  const value = column.text ? localNumber(column.sql, column.format) : `${column.sql}::DOUBLE`
  return `(CASE WHEN NOT ${isMissing(column)} THEN ${value} END)`
}

/** Stands for a text with fewer digits than its number has. */
export const SHORT_OF_DIGITS = -2

/** The number of a text without its padding, marks and blanks; -1 for what is none. */
export function msisdnOf(column: Column): string {
  const { sql, text } = column
  if (!text) return numberOf(column)
  const bare = `trim(regexp_replace(replace(${sql}, chr(0), ' '), '\\s', ' ', 'g'), ' ' || chr(160))`
  const called = `regexp_replace(${bare}, '^tel:', '', 'i')`
  const value = `try_cast(${bare} AS DOUBLE)`
  const written = `length(regexp_replace(split_part(lower(${bare}), 'e', 1), '^0+|[^0-9]|^[+]?[0.]+', '', 'g'))`
  return `(CASE WHEN ${sql} IS NULL OR list_contains([${MISSING}], lower(trim(${bare}))) THEN NULL
    WHEN ${called} SIMILAR TO '[+]?[0-9]([0-9 -]*[0-9])?(\\.0*)?'
    THEN regexp_replace(split_part(${called}, '.', 1), '[^0-9]', '', 'g')::DOUBLE
    WHEN ${bare} SIMILAR TO '[+]?[0-9.]+[eE][+]?[0-9]+' AND ${value} >= 10 ** ${written}
    THEN ${SHORT_OF_DIGITS} ELSE coalesce(${value}, -1) END)`
}

/** UTC ms; the column of milliseconds refines a time of whole seconds. */
export function timeOf(column: Column | null, part: Column | null, timeZone: string): string {
  if (column === null) return 'NULL::BIGINT'
  const time = instantOf(column, timeZone)
  const inside = `${time} >= ${FIRST_MS} AND ${time} < ${LAST_MS}`
  if (part === null) return `(CASE WHEN ${inside} THEN floor(${time})::BIGINT END)`
  const ms = numberOf(part)
  return `(CASE WHEN NOT coalesce(${inside}, false) THEN NULL
    WHEN ${time} % 1000 = 0 AND coalesce(${ms}, 0) > 0 AND coalesce(${ms}, 0) < 1000
    THEN ${time}::BIGINT + floor(${ms})::BIGINT ELSE floor(${time})::BIGINT END)`
}

function instantOf({ sql, text, type, order }: Column, timeZone: string): string {
  if (type.endsWith('WITH TIME ZONE')) return `(epoch_us(${sql}) // 1000)`
  const local = text ? localTime(sql, order) : `try_cast(${sql} AS TIMESTAMP)`
  if (text) {
    const digits = `trim(${sql})`
    // A text with a zone is an instant; other texts are local times of the requested zone.
    return `(CASE WHEN ${digits} SIMILAR TO '[0-9]{8,19}'
      THEN ${numberTime(`try_cast(${digits} AS DECIMAL(38, 6))`, timeZone)}
      WHEN ${digits} SIMILAR TO '[0-9]{8,19}\\.[0-9]+'
      THEN ${numberTime(`try_cast(${digits} AS DECIMAL(38, 6))`, timeZone)}
      WHEN trim(${sql}) SIMILAR TO '.*:[0-9]{2}(\\.[0-9]+)? *([Zz]|[+-][0-9:]+)'
      THEN epoch_us(try_cast(trim(${sql}) AS TIMESTAMPTZ)) // 1000
      ELSE epoch_us(${local} AT TIME ZONE ${literal(timeZone)}) // 1000 END)`
  }
  if (type === 'DATE' || type.startsWith('TIMESTAMP')) {
    return `(epoch_us(${local} AT TIME ZONE ${literal(timeZone)}) // 1000)`
  }
  const isDouble = type === 'DOUBLE' || type === 'FLOAT'
  // A float64 of nanoseconds is rounded: microseconds are what it holds.
  const decimal = isDouble
    ? `CASE WHEN abs(${sql}) < 5e18 THEN CASE WHEN ${sql} > 5e15
        THEN round(${sql} / 1000)::BIGINT::DECIMAL(32, 6) * 1000 ELSE ${sql}::DECIMAL(38, 6) END END`
    : `${sql}::DECIMAL(38, 6)`
  return numberTime(`(${decimal})`, timeZone)
}

/** UTC ms of a number: time since 1970 in the unit that gives a year of this century, or digits. */
function numberTime(number: string, timeZone: string): string {
  const units = [1n, 1000n, 1_000_000n, 1_000_000_000n].map((perSecond) => {
    const [first, last] = [FIRST_MS, LAST_MS].map((ms) => (BigInt(ms) / 1000n) * perSecond)
    const whole =
      perSecond < 1000n
        ? `floor(${number} * 1000)`
        : `(floor(${number})::HUGEINT // ${perSecond / 1000n})`
    return `WHEN ${number} >= ${first} AND ${number} < ${last} THEN ${whole}::BIGINT`
  })
  const dates = ['%Y%m%d', '%Y%m%d%H%M', '%Y%m%d%H%M%S'].map((format, at) => {
    const text = `${number}::HUGEINT::VARCHAR`
    return `WHEN ${number} = floor(${number}) AND length(${text}) = ${[8, 12, 14][at]}
      THEN epoch_ms(try_strptime(${text}, ${literal(format)}) AT TIME ZONE ${literal(timeZone)})`
  })
  return `(CASE ${units.join(' ')} ${dates.join(' ')} END)`
}
