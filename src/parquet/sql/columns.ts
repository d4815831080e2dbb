// The SQL that reads the used columns as float64 from a file with any column names and types.
import { identifier } from '../../duckdb.ts'
import { UNREADABLE } from '../../record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../record/columns.ts'
import { VOLUME_BYTES, VOLUME_PLACES } from '../../record/formats/volume-unit.ts'
import type { ParquetFile } from '../files.ts'
import type { SourceUnits } from '../../record/source-units.ts'
import { inMs, ownDurationUnit } from './durations.ts'
import { unlessMissing } from './missing.ts'
import { msisdnSql } from './msisdn.ts'
import { numberSql } from './numbers.ts'
import { shifted } from './shift.ts'
import { timeSql, usualTimeSql } from './times.ts'

/** How the values of a file are interpreted. */
export interface Reading extends SourceUnits {
  timeZone: string
  /** Days by which known times are moved. */
  shiftDays?: number
}

const JUNK = `${UNREADABLE}::DOUBLE`

/** True when the file stores the column as text. */
export const isText = (file: ParquetFile, column: string): boolean =>
  file.types.get(column) === 'VARCHAR'

/** The SQL name of the used column at a place of USED_COLUMNS. */
export const usedName = (place: number): string => `c${place}`

const [START, START_MS] = [PLACE.start, PLACE.startMs].map(usedName)

/** Gives SQL of a column as float64, a missing value as NULL. */
type Expression = (column: string, name: string, type: string, reading: Reading) => string

/** The used columns of a file as float64, in order, under their `usedName`; a missing value is NULL. */
export function usedColumns(
  file: ParquetFile,
  reading: Reading,
  expressionOf: Expression = expression,
): string[] {
  return USED_COLUMNS.map((column, at) => {
    const name = file.columns.get(column)
    const type = file.types.get(column)
    const sql =
      name === undefined || type === undefined
        ? 'NULL::DOUBLE'
        : expressionOf(column, identifier(name), type, reading)
    return `${sql} AS ${usedName(at)}`
  })
}

/** A time that texts spell, most of them in the usual way. */
export interface SpeltTime {
  place: number
  /** Its name in the file. */
  name: string
}

/** The times of a file that texts spell. */
export const spelt = (file: ParquetFile, { timeFormat }: Reading): SpeltTime[] =>
  [PLACE.start, PLACE.end].flatMap((place) => {
    const column = USED_COLUMNS[place]
    const name = file.columns.get(column)
    const isSpelt = name !== undefined && timeFormat !== null && isText(file, column)
    return isSpelt ? [{ place, name }] : []
  })

/** True where a bearer is present unless it is NaN or NULL. */
export const isPlainBearer = (file: ParquetFile): boolean =>
  file.types.get(USED_COLUMNS[PLACE.bearer]) === 'DOUBLE'

/**
 * The used columns, of which the caller finishes what costs less there: a time that is not spelt in
 * the usual way is NULL, a bearer that is a DOUBLE is itself.
 */
export function unfinishedColumns(file: ParquetFile, reading: Reading): string[] {
  const { timeFormat, shiftDays = 0 } = reading
  const times = spelt(file, reading).map(({ place }) => USED_COLUMNS[place])
  return usedColumns(file, reading, (column, name, type) => {
    if (column === 'Bearer Id' && isPlainBearer(file)) return name
    return timeFormat !== null && times.includes(column)
      ? shifted(usualTimeSql(name, reading, timeFormat), shiftDays)
      : expression(column, name, type, reading)
  })
}

/** SQL of a time that a text spells, in any way. */
export const anyTime = (text: string, reading: Reading): string =>
  shifted(timeSql(text, 'VARCHAR', reading), reading.shiftDays ?? 0)

function expression(column: string, name: string, type: string, reading: Reading): string {
  if (column === 'Bearer Id') return present(name, type)
  if (column === 'Start' || column === 'End') {
    return shifted(timeSql(name, type, reading), reading.shiftDays ?? 0)
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
  // Numbers first: they are nearly all there is. A text that spells NaN is a missing value.
  const other = unlessMissing(name, JUNK)
  return `nullif(coalesce((${number})${scale}, ${other}), 'nan'::DOUBLE)`
}

/** SQL after a number that makes it milliseconds or bytes. */
function scaleOf(column: string, { durationUnit, volumeUnit }: SourceUnits): string {
  if (column === 'Dur. (ms)') return inMs(durationUnit)
  const isScaled = volumeUnit !== 'bytes' && VOLUME_PLACES.includes(USED_COLUMNS.indexOf(column))
  return isScaled ? ` * ${VOLUME_BYTES[volumeUnit]}` : ''
}

function present(name: string, type: string): string {
  if (type === 'VARCHAR') return unlessMissing(name, '1::DOUBLE')
  // Bytes that spell a missing value are text that its writer did not mark as text.
  if (type === 'BLOB') return unlessMissing(`${name}::VARCHAR`, '1::DOUBLE')
  const isNaN = /^(FLOAT|DOUBLE)$/.test(type) ? `isnan(${name}) OR ` : ''
  return `CASE WHEN ${isNaN}${name} IS NULL THEN NULL ELSE 1::DOUBLE END`
}

/** SQL of the event time: Start with its milliseconds, NULL when unknown. */
export const EVENT_TIME = `CASE
  WHEN ${START} < 946684800000 OR ${START} >= 4102444800000 THEN NULL
  WHEN ${START} % 1000 = 0 AND ${START_MS} > 0 AND ${START_MS} < 1000
  THEN ${START} + floor(${START_MS})
  ELSE ${START} END`
