// The SQL of `verify`: computes every number of every subscriber from Parquet, independently.
//
// It states the validation rules a second time, in SQL, and shares no code with the functions that
// validate, fold or select rows for a replay.
import { readParquet, type ParquetFile } from '../parquet/files.ts'
import { identifier, literal } from '../duckdb.ts'
import { APPLICATIONS } from '../record/columns.ts'

/** A file and the unit that the state used for its durations. */
export interface VerifySource {
  file: ParquetFile
  durationUnit: 'ms' | 's'
}

/** The options that the state directory fixes. */
export interface VerifyOptions {
  timeZone: string
  missingMsisdn: 'reject' | 'zero'
}

const BYTES = [
  'Total DL (Bytes)',
  'Total UL (Bytes)',
  ...APPLICATIONS.flatMap((name) => {
    const spelt = name === 'YouTube' ? 'Youtube' : name
    return [`${spelt} DL (Bytes)`, `${spelt} UL (Bytes)`]
  }),
]

/** The names of a subscriber's numbers, in the order of the state's rows. */
export const NUMBERS: readonly string[] = [
  'records',
  'sessions',
  'durationMs',
  'downlinkBytes',
  'uplinkBytes',
  ...APPLICATIONS.flatMap((name) => [`${name} downlinkBytes`, `${name} uplinkBytes`]),
  'firstStartMs',
  'lastEndMs',
]

const MISSING_TEXTS = ['', '\\n', '\\\\n', 'nan', 'undefined', 'null'].map(literal).join(', ')
const [FIRST_MS, LAST_MS] = [Date.UTC(2000, 0), Date.UTC(2100, 0)]
const amounts = ['duration', ...BYTES.map((_, at) => `b${at}`)]

/**
 * Creates the table `expected`. For each subscriber it has a row with `outcome` NULL, the MSISDN and
 * its NUMBERS as n0, n1, … (sums as HUGEINT, exact). For each reason of rejection it has a row with
 * the reason as `outcome` and the number of rows as n0.
 */
export function expectedSql(sources: readonly VerifySource[], options: VerifyOptions): string {
  const rows = sources.map((source) => valuesSql(source, options.timeZone)).join(' UNION ALL ')
  const sums = amounts.map((name, at) => {
    const whole = `CASE WHEN outcome IS NULL THEN round(coalesce(${name}, 0))::BIGINT ELSE 0 END`
    return `sum(${whole}) AS n${at + 2}`
  })
  const times = amounts.length + 2
  const subscriber = 'CASE WHEN outcome IS NULL THEN coalesce(msisdn, 0) END'
  return `CREATE TEMP TABLE expected AS
    SELECT outcome, ${subscriber} AS subscriber,
      count(*) AS n0, count(*) FILTER (session) AS n1, ${sums.join(', ')},
      coalesce(min(started), 0) AS n${times}, coalesce(max(ended), 0) AS n${times + 1}
    FROM (SELECT *, ${outcomeSql(options.missingMsisdn)} AS outcome FROM (${rows}))
    GROUP BY outcome, ${subscriber}`
}

/** Selects all subscribers in order of MSISDN: the MSISDN, then NUMBERS, all float64. */
export const SUBSCRIBERS_SQL: string = `SELECT subscriber::DOUBLE,
  ${NUMBERS.map((_, at) => `n${at}::DOUBLE`).join(', ')}
  FROM expected WHERE outcome IS NULL ORDER BY subscriber`

/** Selects the number of rejected rows by reason. */
export const REJECTED_SQL = 'SELECT outcome, n0 FROM expected WHERE outcome IS NOT NULL'

/** Selects one row: subscribers, records, and the total of each application column, n5 to n18. */
export const TOTALS_SQL: string = `SELECT count(*) AS subscribers, coalesce(sum(n0), 0) AS n0,
  ${APPLICATIONS.flatMap((_, a) => [5 + 2 * a, 6 + 2 * a])
    .map((at) => `coalesce(sum(n${at}), 0) AS n${at}`)
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
  const scale = durationUnit === 's' ? 1000 : 1
  // Text that is not a number becomes an invalid MSISDN, and the row is rejected for it.
  return `SELECT CASE WHEN ${isMissing(msisdn)} THEN NULL
      ELSE coalesce(${numberOf(msisdn)}, -1) END AS msisdn,
    NOT ${isMissing(column('Bearer Id'))} AS session,
    ${isMissing(start)} AND ${isMissing(end)} AS timeless,
    ${timeOf(start, column('Start ms'), timeZone)} AS started,
    ${timeOf(end, column('End ms'), timeZone)} AS ended,
    ${numberOf(column('Dur. (ms)'))} * ${scale} AS duration,
    ${BYTES.map((name, at) => `${numberOf(column(name))} AS b${at}`).join(', ')}
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
  // Not IN: DuckDB turns a list of this length into a join, and then reports no progress.
  if (text) return `(${sql} IS NULL OR list_contains([${MISSING_TEXTS}], lower(trim(${sql}))))`
  const notANumber = type === 'FLOAT' || type === 'DOUBLE' ? ` OR isnan(${sql})` : ''
  return `(${sql} IS NULL${notANumber})`
}

function numberOf(column: Column | null): string {
  if (column === null) return 'NULL::DOUBLE'
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
    // A text with a zone is an instant; other texts are local times of the requested zone.
    return `(CASE WHEN trim(${sql}) SIMILAR TO '.*:[0-9]{2}(\\.[0-9]+)? *([Zz]|[+-][0-9:]+)'
      THEN epoch_us(try_cast(trim(${sql}) AS TIMESTAMPTZ))
      ELSE epoch_us(${local} AT TIME ZONE ${literal(timeZone)}) END // 1000)`
  }
  if (type === 'DATE' || type.startsWith('TIMESTAMP')) {
    return `(epoch_us(${local} AT TIME ZONE ${literal(timeZone)}) // 1000)`
  }
  const number = numberOf({ sql, text, type })
  return `(${number} * CASE WHEN abs(${number}) < 1e11 THEN 1000 ELSE 1 END)`
}

/** The reason of rejection; NULL for a record. */
function outcomeSql(missingMsisdn: 'reject' | 'zero'): string {
  const fraction = BYTES.map((_, at) => `(isfinite(b${at}) AND b${at} <> trunc(b${at}))`)
  const invalid = amounts.map((name) => `${name} < 0 OR ${name} >= 9007199254740992`)
  return `CASE
    WHEN msisdn IS NULL AND timeless AND coalesce(${fraction.join(' OR ')}, false) THEN 'footer'
    WHEN msisdn IS NULL AND ${missingMsisdn === 'reject'} THEN 'missing-msisdn'
    WHEN msisdn <= 0 OR msisdn >= 1e15 OR msisdn <> trunc(msisdn) THEN 'invalid-msisdn'
    WHEN coalesce(${invalid.join(' OR ')}, false) THEN 'invalid-number' END`
}
