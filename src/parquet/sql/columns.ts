// The SQL that reads the used columns as float64 from a file with any column names and types.
import { identifier, literal } from '../../duckdb.ts'
import { UNREADABLE } from '../../record/batch.ts'
import { AMOUNTS, PLACE, USED_COLUMNS } from '../../record/columns.ts'
import { MISSING_VALUES } from '../../record/decode/text.ts'
import { TIME_BLANKS, type TimeFormat } from '../../record/formats/time-format.ts'
import { VOLUME_BYTES, VOLUME_PLACES } from '../../record/formats/volume-unit.ts'
import type { ParquetFile } from '../files.ts'
import { numberedRows, readParquet } from './read-parquet.ts'
import type { SourceUnits } from '../../record/source-units.ts'
import { inMs, ownDurationUnit } from './durations.ts'
import { msisdnSql } from './msisdn.ts'
import { numberSql } from './numbers.ts'
import { digitsTime, numericTime } from './numeric-times.ts'
import { shifted } from './shift.ts'
import { textTime, usualTime } from './text-times.ts'

/** How the values of a file are interpreted. */
export interface Reading extends SourceUnits {
  timeZone: string
  /** Days by which known times are moved. */
  shiftDays?: number
}

const MISSING = MISSING_VALUES.map(literal).join(', ')
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
  if (column === 'Start' || column === 'End') {
    return shifted(time(name, type, reading), reading.shiftDays ?? 0)
  }
  const scale = scaleOf(column, reading)
  if (column === 'Dur. (ms)' && ownDurationUnit(type) !== null) {
    // An interval of millions of months has no microseconds.
    const micros = `coalesce(try(epoch_us(${name}))::DOUBLE${inMs('us')}, ${JUNK})`
    return `CASE WHEN ${name} IS NOT NULL THEN ${micros} END`
  }
  if (type !== 'VARCHAR') return `${name}::DOUBLE${scale}`
  if (column === 'MSISDN/Number') return msisdnSql(name)
  const number = numberSql(name, reading.numberFormats[column] ?? 'point')
  return unlessMissing(name, `coalesce((${number})${scale}, ${JUNK})`)
}

/** SQL after a number that makes it milliseconds or bytes. */
function scaleOf(column: string, { durationUnit, volumeUnit }: SourceUnits): string {
  if (column === 'Dur. (ms)') return inMs(durationUnit)
  const isScaled = volumeUnit !== 'bytes' && VOLUME_PLACES.includes(USED_COLUMNS.indexOf(column))
  return isScaled ? ` * ${VOLUME_BYTES[volumeUnit]}` : ''
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

/** A time that no TIMESTAMP holds is in no known year: its row is read, and the time unreadable. */
const calendarTime = (name: string, inZone: (sql: string) => string): string =>
  `CASE WHEN ${name} IS NOT NULL
    THEN coalesce(${inZone(`try_cast(${name} AS TIMESTAMP)`)}::DOUBLE, ${JUNK}) END`

function time(name: string, type: string, { timeZone: zone, timeFormat }: Reading): string {
  const inZone = (sql: string): string =>
    zone === 'UTC' ? `epoch_ms(${sql})` : `epoch_ms(timezone(${literal(zone)}, ${sql}))`
  if (type === 'VARCHAR') {
    const other = unlessMissing(name, `coalesce(${textInstant(name, timeFormat, inZone)})`)
    if (timeFormat === null) return other
    // No spelling of a missing value is a time.
    return `coalesce(${inZone(usualTime(name, timeFormat))}::DOUBLE, ${other})`
  }
  // A time with a zone is an instant; the magnitude of a number shows its unit.
  if (type.includes('TIME ZONE')) return `epoch_ms(${name})::DOUBLE`
  if (/^(TIMESTAMP|DATE)/.test(type)) return calendarTime(name, inZone)
  if (type === '"NULL"') return 'NULL::DOUBLE'
  if (type.startsWith('DECIMAL')) return decimalTime(name, inZone)
  return numericTime(name, WHOLE.test(type), inZone)
}

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

/**
 * SQL of a file's rows from number `from` on: the used columns, then RAW_COLUMN (for a superset of
 * the rows that validation rejects).
 *
 * @param place its index within the run: then ROW_COLUMN and FILE_COLUMN follow; null for rows in file
 *   order, which need neither
 */
export function rowsSql(
  file: ParquetFile,
  reading: Reading,
  from: number,
  place: number | null,
): string {
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
  const isNumbered = place !== null || from > 0
  const needed = [...file.columns.values()].map(identifier)
  if (isNumbered) needed.push(rowNumber)
  // Named in the outer query, the originals are cast only for rows that meet the condition.
  return `SELECT ${names.join(', ')},
      CASE WHEN ${MSISDN} IS NULL
        OR NOT (${MSISDN} > 0 AND ${MSISDN} < 1e15 AND ${MSISDN} = floor(${MSISDN}))
        OR (${sizes.join(' + ')} <= least(9007199254740991, ${amounts.join(' + ')})) IS NOT TRUE
      THEN to_json([${originals.join(', ')}])::VARCHAR END AS raw
      ${place === null ? '' : `, ${rowNumber}::DOUBLE AS row, ${place}::DOUBLE AS file`}
    FROM (SELECT ${[...needed, ...usedColumns(file, reading)].join(', ')}
      FROM ${isNumbered ? numberedRows(file) : readParquet(file)}
      ${from > 0 ? `WHERE ${rowNumber} >= ${from}` : ''})`
}

/** SQL of the event time: Start with its milliseconds, NULL when unknown. */
export const EVENT_TIME = `CASE
  WHEN ${START} < 946684800000 OR ${START} >= 4102444800000 THEN NULL
  WHEN ${START} % 1000 = 0 AND ${START_MS} > 0 AND ${START_MS} < 1000
  THEN ${START} + floor(${START_MS})
  ELSE ${START} END`
