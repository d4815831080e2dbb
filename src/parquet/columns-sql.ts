// The SQL that turns a file of any spelling and types into the used columns as float64.
import { identifier, literal } from '../duckdb.ts'
import { AMOUNTS, FIRST_AMOUNT, UNREADABLE } from '../record/batch.ts'
import { USED_COLUMNS } from '../record/columns.ts'
import { readParquet, type ParquetFile } from './files.ts'

/** How a file's values are to be understood. */
export interface Reading {
  durationUnit: 'ms' | 's'
  timeZone: string
}

/** How writers spell a value that is not there, in lower case. */
const MISSING = ['', '\\n', '\\\\n', 'nan', 'undefined', 'null'].map(literal).join(', ')
const TEXT_TIMES = "['%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']"
/** A time of day with a zone of its own, as ISO 8601 has it. */
const NAMED_ZONE = ':\\d\\d(\\.\\d+)?\\s*([Zz]|[+-]\\d\\d(:?\\d\\d)*)\\s*$'
const JUNK = `${UNREADABLE}::DOUBLE`

/** Columns behind the used ones. */
export const RAW_COLUMN: number = USED_COLUMNS.length
export const ROW_COLUMN: number = RAW_COLUMN + 1
export const FILE_COLUMN: number = RAW_COLUMN + 2

/** True where the column is text in the file. */
export const isText = (file: ParquetFile, column: string): boolean =>
  file.types.get(column) === 'VARCHAR'

/** The used columns of a file as float64, in order, named c0, c1, …; a missing value is NULL. */
export function usedColumns(file: ParquetFile, reading: Reading): string[] {
  return USED_COLUMNS.map((column, at) => {
    const name = file.columns.get(column)
    const type = file.types.get(column)
    const sql =
      name === undefined || type === undefined
        ? 'NULL::DOUBLE'
        : expression(column, identifier(name), type, reading)
    return `${sql} AS c${at}`
  })
}

function expression(column: string, name: string, type: string, reading: Reading): string {
  if (column === 'Bearer Id') return present(name, type)
  if (column === 'Start' || column === 'End') return time(name, type, reading.timeZone)
  const scale = column === 'Dur. (ms)' && reading.durationUnit === 's' ? ' * 1000' : ''
  if (type !== 'VARCHAR') return `${name}::DOUBLE${scale}`
  return unlessMissing(name, `coalesce(try_cast(trim(${name}) AS DOUBLE)${scale}, ${JUNK})`)
}

const unlessMissing = (name: string, sql: string): string =>
  `CASE WHEN lower(trim(${name})) IN (${MISSING}) OR ${name} IS NULL THEN NULL ELSE ${sql} END`

function present(name: string, type: string): string {
  if (type === 'VARCHAR') return unlessMissing(name, '1::DOUBLE')
  return `CASE WHEN isnan(${name}::DOUBLE) OR ${name} IS NULL THEN NULL ELSE 1::DOUBLE END`
}

function time(name: string, type: string, zone: string): string {
  const inZone = (sql: string): string =>
    zone === 'UTC' ? `epoch_ms(${sql})` : `epoch_ms(timezone(${literal(zone)}, ${sql}))`
  if (type === 'VARCHAR') {
    const named = `regexp_matches(${name}, ${literal(NAMED_ZONE)})`
    // DuckDB drops the zone that a text names when it casts it to a time without one.
    const parsed = `coalesce(${inZone(`try_strptime(trim(${name}), ${TEXT_TIMES})`)},
      CASE WHEN ${named} THEN epoch_ms(try_cast(trim(${name}) AS TIMESTAMPTZ))
      ELSE ${inZone(`try_cast(${name} AS TIMESTAMP)`)} END)`
    return unlessMissing(name, `coalesce(${parsed}::DOUBLE, ${JUNK})`)
  }
  // With a zone it is an instant already; a number is seconds or milliseconds since 1970.
  if (type.includes('TIME ZONE')) return `epoch_ms(${name})::DOUBLE`
  if (/^(TIMESTAMP|DATE)/.test(type)) return `${inZone(`${name}::TIMESTAMP`)}::DOUBLE`
  return `CASE WHEN abs(${name}::DOUBLE) < 1e11 THEN ${name}::DOUBLE * 1000
    ELSE ${name}::DOUBLE END`
}

/**
 * Rows of a file: the used columns, then the raw text of rows that look as if they will be
 * rejected (a superset of those that will be), the row number, the place of the file in the run.
 */
export function rowsSql(file: ParquetFile, reading: Reading, place: number, from: number): string {
  const names = USED_COLUMNS.map((_, at) => `c${at}`)
  const amounts = names.slice(FIRST_AMOUNT, FIRST_AMOUNT + AMOUNTS)
  const sizes = amounts.map((name) => `abs(${name})`)
  const originals = USED_COLUMNS.map((column) => {
    const name = file.columns.get(column)
    return name === undefined ? 'NULL' : `${identifier(name)}::VARCHAR`
  })
  // A sum of absolute values above the sum itself tells of a negative one: 17 additions cost half
  // of 34 comparisons. NULL, NaN, infinite and huge values do not pass either.
  // Not all columns: one that a file calls c0 would be taken for ours.
  const needed = [...file.columns.values()].map(identifier).concat('file_row_number')
  // The originals are named again outside: DuckDB casts them only where the condition holds.
  return `SELECT ${names.join(', ')},
      CASE WHEN c0 IS NULL OR NOT (c0 > 0 AND c0 < 1e15 AND c0 = floor(c0))
        OR (${sizes.join(' + ')} <= least(9007199254740991, ${amounts.join(' + ')})) IS NOT TRUE
      THEN to_json([${originals.join(', ')}])::VARCHAR END AS raw,
      file_row_number::DOUBLE AS row, ${place}::DOUBLE AS file
    FROM (SELECT ${[...needed, ...usedColumns(file, reading)].join(', ')}
      FROM ${readParquet(file.path, ', file_row_number = true')}
      WHERE file_row_number >= ${from})`
}

/** Start with its milliseconds, NULL where unknown: what event time is ordered by. */
export const EVENT_TIME = `CASE
  WHEN c2 < 946684800000 OR c2 >= 4102444800000 THEN NULL
  WHEN c2 % 1000 = 0 AND c3 > 0 AND c3 < 1000 THEN c2 + floor(c3)
  ELSE c2 END`
