// The SQL of `verify`: computes every number of every subscriber from Parquet, independently.
//
// It states the rules of validation a second time, in SQL. It shares the names of columns, numbers
// and missing values with the replay, and none of the code that validates, folds or selects rows.
import { readParquet, type ParquetFile } from '../parquet/files.ts'
import { identifier, literal } from '../duckdb.ts'
import type { Unit } from '../record/duration-unit.ts'
import { AMOUNT, AMOUNTS } from '../record/columns.ts'
import { MISSING_VALUES } from '../record/decode/text.ts'
import { FIELD_NAMES } from '../subscriber/aggregate.ts'

/** A file and the unit that the state used for its durations. */
export interface VerifySource {
  file: ParquetFile
  durationUnit: Unit
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

const MISSING = MISSING_VALUES.map(literal).join(', ')
const [FIRST_MS, LAST_MS] = [Date.UTC(2000, 0), Date.UTC(2100, 0)]
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
function valuesSql({ file, durationUnit }: VerifySource, timeZone: string): string {
  const column = (canonical: string): Column | null => {
    const name = file.columns.get(canonical)
    if (name === undefined) return null
    const type = file.types.get(canonical) ?? ''
    return { sql: identifier(name), text: type === 'VARCHAR', type }
  }
  const [msisdn, start, end] = ['MSISDN/Number', 'Start', 'End'].map(column)
  const scale = { s: ' * 1000', ms: '', us: ' / 1000', ns: ' / 1000000' }[durationUnit]
  const values = AMOUNTS.map((amount, at) => {
    const value = numberOf(column(amount.column))
    return `${value}${at === AMOUNT.durationMs ? scale : ''} AS ${amounts[at]}`
  })
  // Text that is not a number becomes -1, an invalid MSISDN.
  return `SELECT CASE WHEN ${isMissing(msisdn)} THEN NULL
      ELSE coalesce(${numberOf(msisdn)}, -1) END AS msisdn,
    NOT ${isMissing(column('Bearer Id'))} AS session,
    ${isMissing(start)} AND ${isMissing(end)} AS timeless,
    ${timeOf(start, column('Start ms'), timeZone)} AS started,
    ${timeOf(end, column('End ms'), timeZone)} AS ended,
    ${values.join(', ')}
    FROM ${readParquet(file.path)}`
}

interface Column {
  sql: string
  text: boolean
  type: string
}

function isMissing(column: Column | null): string {
  if (column === null) return 'true'
  const { sql, text, type } = column
  // Not IN: for a list of this length DuckDB plans a join and reports no progress.
  if (text) return `(${sql} IS NULL OR list_contains([${MISSING}], lower(trim(${sql}))))`
  const notANumber = type === 'FLOAT' || type === 'DOUBLE' ? ` OR isnan(${sql})` : ''
  return `(${sql} IS NULL${notANumber})`
}

function numberOf(column: Column | null): string {
  if (column === null) return 'NULL::DOUBLE'
  if (['INTERVAL', 'TIME'].includes(column.type)) return `epoch_us(${column.sql})::DOUBLE`
  const value = column.text ? `try_cast(trim(${column.sql}) AS DOUBLE)` : `${column.sql}::DOUBLE`
  return `(CASE WHEN NOT ${isMissing(column)} THEN ${value} END)`
}

/** UTC ms; the column of milliseconds refines a time of whole seconds. */
function timeOf(column: Column | null, part: Column | null, timeZone: string): string {
  if (column === null) return 'NULL::BIGINT'
  const time = instantOf(column, timeZone)
  const inside = `${time} >= ${FIRST_MS} AND ${time} < ${LAST_MS}`
  if (part === null) return `(CASE WHEN ${inside} THEN floor(${time})::BIGINT END)`
  const ms = numberOf(part)
  return `(CASE WHEN NOT coalesce(${inside}, false) THEN NULL
    WHEN ${time} % 1000 = 0 AND coalesce(${ms}, 0) > 0 AND coalesce(${ms}, 0) < 1000
    THEN ${time}::BIGINT + floor(${ms})::BIGINT ELSE floor(${time})::BIGINT END)`
}

function instantOf({ sql, text, type }: Column, timeZone: string): string {
  if (type.endsWith('WITH TIME ZONE')) return `(epoch_us(${sql}) // 1000)`
  const local = text
    ? `coalesce(try_strptime(trim(${sql}), '%m/%d/%Y %H:%M'),
        try_strptime(trim(${sql}), '%m/%d/%Y %H:%M:%S'), try_cast(trim(${sql}) AS TIMESTAMP))`
    : `${sql}::TIMESTAMP`
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

/** The reason of rejection; NULL for a record. */
function outcomeSql(missingMsisdn: 'reject' | 'zero'): string {
  const fraction = bytes.map((name) => `(isfinite(${name}) AND ${name} <> trunc(${name}))`)
  const invalid = amounts.map((name) => `${name} < 0 OR ${name} >= 9007199254740992`)
  return `CASE
    WHEN msisdn IS NULL AND timeless AND coalesce(${fraction.join(' OR ')}, false) THEN 'footer'
    WHEN msisdn IS NULL AND ${missingMsisdn === 'reject'} THEN 'missing-msisdn'
    WHEN msisdn <= 0 OR msisdn >= 1e15 OR msisdn <> trunc(msisdn) THEN 'invalid-msisdn'
    WHEN coalesce(${invalid.join(' OR ')}, false) THEN 'invalid-number' END`
}
