// The SQL that reads the used columns as float64 from a file with any column names and types.
import { identifier, literal } from '../duckdb.ts'
import { UNREADABLE } from '../record/batch.ts'
import { AMOUNTS, PLACE, USED_COLUMNS } from '../record/columns.ts'
import { MISSING_VALUES } from '../record/decode/text.ts'
import { numberedRows, type ParquetFile } from './files.ts'
import type { SourceUnits } from '../record/source-units.ts'
import { inMs, ownDurationUnit } from './duration-sql.ts'
import { msisdnSql } from './msisdn-sql.ts'
import { digitsTime, numericTime } from './numeric-time-sql.ts'

/** How the values of a file are interpreted. */
export interface Reading extends SourceUnits {
  timeZone: string
}

const MISSING = MISSING_VALUES.map(literal).join(', ')
const TEXT_TIMES = "['%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']"
/** A time of day with a zone, as in ISO 8601. */
const NAMED_ZONE = ':\\d\\d(\\.\\d+)?\\s*([Zz]|[+-]\\d\\d(:?\\d\\d)*)\\s*$'
const WHOLE = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/
const JUNK = `${UNREADABLE}::DOUBLE`

/** Result column after the used columns: the raw text of rows that may be rejected. */
export const RAW_COLUMN: number = USED_COLUMNS.length
/** Result column: the row's number in its file. */
export const ROW_COLUMN: number = RAW_COLUMN + 1
/** Result column: the index of the file within the run. */
export const FILE_COLUMN: number = RAW_COLUMN + 2

/** True when the file stores the column as text. */
export const isText = (file: ParquetFile, column: string): boolean =>
  file.types.get(column) === 'VARCHAR'

/** The SQL name of the used column at a place of USED_COLUMNS. */
export const usedName = (place: number): string => `c${place}`

const [MSISDN, START, START_MS] = [PLACE.msisdn, PLACE.start, PLACE.startMs].map(usedName)

/** The used columns of a file as float64, in order, under their `usedName`; a missing value is NULL. */
export function usedColumns(file: ParquetFile, reading: Reading): string[] {
  return USED_COLUMNS.map((column, at) => {
    const name = file.columns.get(column)
    const type = file.types.get(column)
    const sql =
      name === undefined || type === undefined
        ? 'NULL::DOUBLE'
        : expression(column, identifier(name), type, reading)
    return `${sql} AS ${usedName(at)}`
  })
}

function expression(column: string, name: string, type: string, reading: Reading): string {
  if (column === 'Bearer Id') return present(name, type)
  if (column === 'Start' || column === 'End') return time(name, type, reading.timeZone)
  const scale = column === 'Dur. (ms)' ? inMs(reading.durationUnit) : ''
  if (column === 'Dur. (ms)' && ownDurationUnit(type) !== null) {
    return `epoch_us(${name})::DOUBLE${inMs('us')}`
  }
  if (type !== 'VARCHAR') return `${name}::DOUBLE${scale}`
  if (column === 'MSISDN/Number') return msisdnSql(name)
  return unlessMissing(name, `coalesce(try_cast(trim(${name}) AS DOUBLE)${scale}, ${JUNK})`)
}

const unlessMissing = (name: string, sql: string): string =>
  `CASE WHEN lower(trim(${name})) IN (${MISSING}) OR ${name} IS NULL THEN NULL ELSE ${sql} END`

function present(name: string, type: string): string {
  if (type === 'VARCHAR') return unlessMissing(name, '1::DOUBLE')
  // Bytes that spell a missing value are text that its writer did not mark as text.
  if (type === 'BLOB') return unlessMissing(`${name}::VARCHAR`, '1::DOUBLE')
  const isNaN = /^(FLOAT|DOUBLE)$/.test(type) ? `isnan(${name}) OR ` : ''
  return `CASE WHEN ${isNaN}${name} IS NULL THEN NULL ELSE 1::DOUBLE END`
}

function time(name: string, type: string, zone: string): string {
  const inZone = (sql: string): string =>
    zone === 'UTC' ? `epoch_ms(${sql})` : `epoch_ms(timezone(${literal(zone)}, ${sql}))`
  if (type === 'VARCHAR') {
    const named = `regexp_matches(${name}, ${literal(NAMED_ZONE)})`
    // A cast to TIMESTAMP would drop the zone that the text names.
    const parsed = `coalesce(${inZone(`try_strptime(trim(${name}), ${TEXT_TIMES})`)}::DOUBLE,
      CASE WHEN ${named} THEN epoch_ms(try_cast(trim(${name}) AS TIMESTAMPTZ))
      ELSE ${inZone(`try_cast(${name} AS TIMESTAMP)`)} END::DOUBLE,
      ${digitsTime(`trim(${name})`, inZone)})`
    return unlessMissing(name, `coalesce(${parsed}, ${JUNK})`)
  }
  // A time with a zone is an instant; the magnitude of a number shows its unit.
  if (type.includes('TIME ZONE')) return `epoch_ms(${name})::DOUBLE`
  if (/^(TIMESTAMP|DATE)/.test(type)) return `${inZone(`${name}::TIMESTAMP`)}::DOUBLE`
  if (type === '"NULL"') return 'NULL::DOUBLE'
  if (type.startsWith('DECIMAL')) return decimalTime(name, inZone)
  return numericTime(name, WHOLE.test(type), inZone)
}

/** A whole decimal may hold nanoseconds, one with a fraction seconds or milliseconds. */
const decimalTime = (name: string, inZone: (sql: string) => string): string =>
  `CASE WHEN ${name} = floor(${name}) THEN ${numericTime(`floor(${name})::HUGEINT`, true, inZone)}
    ELSE ${numericTime(`${name}::DOUBLE`, false, inZone)} END`

/**
 * SQL of a file's rows from number `from` on: the used columns, then RAW_COLUMN (for a superset of
 * the rows that validation rejects), ROW_COLUMN and FILE_COLUMN, which is `place`.
 */
export function rowsSql(file: ParquetFile, reading: Reading, place: number, from: number): string {
  const names = USED_COLUMNS.map((_, at) => usedName(at))
  const amounts = AMOUNTS.map((_, at) => usedName(PLACE.amounts + at))
  const sizes = amounts.map((name) => `abs(${name})`)
  const originals = USED_COLUMNS.map((column) => {
    const name = file.columns.get(column)
    return name === undefined ? 'NULL' : `${identifier(name)}::VARCHAR`
  })
  // When the sum of absolute values exceeds the sum, one value is negative: 17 additions cost half
  // as much as 34 comparisons. NULL, NaN, infinite and huge values fail the comparison, too.
  const rowNumber = identifier(file.rowColumn)
  // Only the needed columns: a file's own column c0 would shadow the computed one.
  const needed = [...file.columns.values()].map(identifier).concat(rowNumber)
  // Named in the outer query, the originals are cast only for rows that meet the condition.
  return `SELECT ${names.join(', ')},
      CASE WHEN ${MSISDN} IS NULL
        OR NOT (${MSISDN} > 0 AND ${MSISDN} < 1e15 AND ${MSISDN} = floor(${MSISDN}))
        OR (${sizes.join(' + ')} <= least(9007199254740991, ${amounts.join(' + ')})) IS NOT TRUE
      THEN to_json([${originals.join(', ')}])::VARCHAR END AS raw,
      ${rowNumber}::DOUBLE AS row, ${place}::DOUBLE AS file
    FROM (SELECT ${[...needed, ...usedColumns(file, reading)].join(', ')}
      FROM ${numberedRows(file)}
      WHERE ${rowNumber} >= ${from})`
}

/** SQL of the event time: Start with its milliseconds, NULL when unknown. */
export const EVENT_TIME = `CASE
  WHEN ${START} < 946684800000 OR ${START} >= 4102444800000 THEN NULL
  WHEN ${START} % 1000 = 0 AND ${START_MS} > 0 AND ${START_MS} < 1000
  THEN ${START} + floor(${START_MS})
  ELSE ${START} END`
