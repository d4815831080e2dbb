// The SQL of `verify`: computes every number of every subscriber from Parquet, independently.
//
// It states the rules of validation a second time, in SQL. It shares the names of columns, numbers
// and missing values with the replay, and none of the code that validates, folds or selects rows.
import type { ParquetFile } from '../parquet/files.ts'
import { numberedRows, readParquet } from '../parquet/sql/read-parquet.ts'
import { identifier } from '../duckdb.ts'
import { AMOUNT, AMOUNTS } from '../record/columns.ts'
import type { SourceUnits } from '../record/source-units.ts'
import { FIELD_NAMES } from '../subscriber/aggregate.ts'
import { UNIT_FACTORS } from './units-sql.ts'
import { columnOf, isMissing, msisdnOf, numberOf, SHORT_OF_DIGITS, timeOf } from './values-sql.ts'

/** A file and how its values are read. */
export interface VerifySource {
  file: ParquetFile
  units: SourceUnits
  /** Days by which the state has moved the file's times. */
  shiftDays?: number
}

/** The options that the state directory fixes. */
export interface VerifyOptions {
  timeZone: string
  missingMsisdn: 'reject' | 'zero'
}

/** The numbers of an application, by name. */
export const APPLICATION_NUMBERS: readonly string[] = AMOUNTS.slice(AMOUNT.applications).map(
  ({ name }) => name,
)

/** The columns of summed values, under the names of their sums. */
const amounts = AMOUNTS.map(({ name }) => identifier(name))
const bytes = amounts.filter((_, at) => AMOUNTS[at].column.endsWith('(Bytes)'))

/**
 * A table `expected`: for each subscriber `outcome` NULL, `subscriber`, and its numbers under the
 * names of FIELD_NAMES (sums as HUGEINT, exact); for each reason of rejection one row, with the
 * rejected rows as `records`.
 */
export function expectedSql(sources: readonly VerifySource[], options: VerifyOptions): string {
  const rows = sources.map((source) => valuesSql(source, options.timeZone)).join(' UNION ALL ')
  const sums = amounts.map((name) => {
    const whole = `CASE WHEN outcome IS NULL THEN round(coalesce(${name}, 0))::BIGINT ELSE 0 END`
    return `sum(${whole}) AS ${name}`
  })
  const subscriber = 'CASE WHEN outcome IS NULL THEN coalesce(msisdn, 0) END'
  return `CREATE TEMP TABLE expected AS
    SELECT outcome, ${subscriber} AS subscriber,
      count(*) AS records, count(*) FILTER (session) AS sessions, ${sums.join(', ')},
      coalesce(min(started), 0) AS "firstStartMs", coalesce(max(ended), 0) AS "lastEndMs"
    FROM (SELECT *, ${outcomeSql(options.missingMsisdn)} AS outcome FROM (${rows}))
    GROUP BY outcome, ${subscriber}`
}

/** Subscribers by ascending MSISDN: the numbers of FIELD_NAMES in that order, as float64. */
export const SUBSCRIBERS_SQL: string = `SELECT ${FIELD_NAMES.map((name) =>
  name === 'msisdn' ? 'subscriber::DOUBLE' : `${identifier(name)}::DOUBLE`,
).join(', ')}
  FROM expected WHERE outcome IS NULL ORDER BY subscriber`

/** Rejected rows, by reason. */
export const REJECTED_SQL = 'SELECT outcome, records FROM expected WHERE outcome IS NOT NULL'

/** One row: subscribers, records, and the total of each of APPLICATION_NUMBERS. */
export const TOTALS_SQL: string = `SELECT count(*) AS subscribers,
  ${['records', ...APPLICATION_NUMBERS]
    .map((name) => `coalesce(sum(${identifier(name)}), 0) AS ${identifier(name)}`)
    .join(', ')}
  FROM expected WHERE outcome IS NULL`

/** The values of one file's rows; a missing or unreadable number or time is NULL. */
function valuesSql({ file, units, shiftDays = 0 }: VerifySource, timeZone: string): string {
  const column = (name: string) => columnOf(file, name, units)
  const [msisdn, start, end] = ['MSISDN/Number', 'Start', 'End'].map(column)
  // Malformed lines of a CSV file follow its rows.
  const isMalformed =
    file.malformed > 0 ? `${identifier(file.rowColumn)} >= ${file.rows - file.malformed}` : 'false'
  const scale = ` ${UNIT_FACTORS[units.durationUnit]}`
  const bytesPerUnit = { bytes: 1, KB: 1e3, KiB: 2 ** 10, MB: 1e6, MiB: 2 ** 20 }[units.volumeUnit]
  const shift = ` + ${shiftDays * 86_400_000}`
  const values = AMOUNTS.map((amount, at) => {
    const value = numberOf(column(amount.column))
    return `${value}${at === AMOUNT.durationMs ? scale : ` * ${bytesPerUnit}`} AS ${amounts[at]}`
  })
  // Text that is not a number becomes -1, an invalid MSISDN.
  return `SELECT ${msisdn === null ? 'NULL' : msisdnOf(msisdn)} AS msisdn,
    NOT ${isMissing(column('Bearer Id'))} AS session,
    ${isMissing(start)} AND ${isMissing(end)} AS timeless,
    ${timeOf(start, column('Start ms'), timeZone)}${shift} AS started,
    ${timeOf(end, column('End ms'), timeZone)}${shift} AS ended,
    ${values.join(', ')},
    ${isMalformed} AS malformed
    FROM ${file.malformed > 0 ? numberedRows(file) : readParquet(file)}`
}

/** The reason of rejection; NULL for a record. */
function outcomeSql(missingMsisdn: 'reject' | 'zero'): string {
  const fraction = bytes.map((name) => `(isfinite(${name}) AND ${name} <> trunc(${name}))`)
  const invalid = amounts.map((name) => `${name} < 0 OR ${name} >= 9007199254740992`)
  return `CASE
    WHEN malformed THEN 'malformed'
    WHEN msisdn IS NULL AND timeless AND coalesce(${fraction.join(' OR ')}, false) THEN 'footer'
    WHEN msisdn IS NULL AND ${missingMsisdn === 'reject'} THEN 'missing-msisdn'
    WHEN msisdn = ${SHORT_OF_DIGITS} THEN 'imprecise-msisdn'
    WHEN msisdn <= 0 OR msisdn >= 1e15 OR msisdn <> trunc(msisdn) THEN 'invalid-msisdn'
    WHEN coalesce(${invalid.join(' OR ')}, false) THEN 'invalid-number' END`
}
