// The SQL of a file's rows: the used columns, and the raw text of rows that may be rejected.
import { identifier } from '../../duckdb.ts'
import { AMOUNTS, PLACE, USED_COLUMNS } from '../../record/columns.ts'
import type { ParquetFile } from '../files.ts'
import { spelt, unfinishedColumns, usedColumns, usedName } from './columns.ts'
import type { Reading, SpeltTime } from './columns.ts'
import { numberedRows, readParquet } from './read-parquet.ts'

/** Result column after the used columns: the raw text of rows that may be rejected. */
export const RAW_COLUMN: number = USED_COLUMNS.length
/** Result column of `numberedRowsSql`: the row's number in its file. */
export const ROW_COLUMN: number = RAW_COLUMN + 1
/** Result column of `numberedRowsSql`: the index of the file within the run. */
export const FILE_COLUMN: number = RAW_COLUMN + 2
/** First result column of `unfinishedRowsSql` with the texts of times, in the order of `spelt`. */
export const TEXTS_COLUMN: number = RAW_COLUMN + 1

const NAMES = USED_COLUMNS.map((_, at) => usedName(at))
const MSISDN = usedName(PLACE.msisdn)
const SUMMED = AMOUNTS.map((_, at) => usedName(PLACE.amounts + at))

/**
 * SQL that is true for a superset of the rows that validation rejects.
 *
 * When the sum of absolute values exceeds the sum, one value is negative: 17 additions cost half as
 * much as 34 comparisons. NULL, NaN, infinite and huge values fail the comparison, too.
 */
const MAY_BE_REJECTED = `${MSISDN} IS NULL
  OR NOT (${MSISDN} > 0 AND ${MSISDN} < 1e15 AND ${MSISDN} = floor(${MSISDN}))
  OR (${SUMMED.map((name) => `abs(${name})`).join(' + ')}
    <= least(9007199254740991, ${SUMMED.join(' + ')})) IS NOT TRUE`

/** SQL of the rows of a file in order of time: the used columns, RAW_, ROW_ and FILE_COLUMN. */
export function numberedRowsSql(file: ParquetFile, reading: Reading, place: number): string {
  const row = identifier(file.rowColumn)
  const inner = [...neededOf(file), row, ...usedColumns(file, reading)]
  return `SELECT ${NAMES.join(', ')}, ${rawOf(file)} AS raw, ${row}::DOUBLE AS row,
      ${place}::DOUBLE AS file
    FROM (SELECT ${inner.join(', ')} FROM ${numberedRows(file)})`
}

/** SQL of the rows of a file in its order, from number `from` on: the used columns and RAW_COLUMN. */
export const plainRowsSql = (file: ParquetFile, reading: Reading, from: number): string =>
  inFileOrder(file, from, usedColumns(file, reading), [])

/**
 * The same with `unfinishedColumns`. From TEXTS_COLUMN on follow the texts of the times that are
 * NULL.
 */
export function unfinishedRowsSql(file: ParquetFile, reading: Reading, from: number): string {
  const texts = textsOfOdd(spelt(file, reading))
  return inFileOrder(file, from, unfinishedColumns(file, reading), texts)
}

/** SQL of the texts of times that are NULL in `unfinishedColumns`. */
export const textsOfOdd = (times: readonly SpeltTime[]): string[] =>
  times.map(
    ({ place, name }) => `CASE WHEN ${usedName(place)} IS NULL THEN ${identifier(name)} END`,
  )

function inFileOrder(
  file: ParquetFile,
  from: number,
  columns: readonly string[],
  more: readonly string[],
): string {
  const row = identifier(file.rowColumn)
  const inner = [...neededOf(file), ...(from > 0 ? [row] : []), ...columns]
  const rows = from > 0 ? `${numberedRows(file)} WHERE ${row} >= ${from}` : readParquet(file)
  return `SELECT ${[...NAMES, `${rawOf(file)} AS raw`, ...more].join(', ')}
    FROM (SELECT ${inner.join(', ')} FROM ${rows})`
}

/** Only the needed columns: a file's own column c0 would shadow the computed one. */
export const neededOf = (file: ParquetFile): string[] => [...file.columns.values()].map(identifier)

/** Named in the outer query, the originals are cast only for rows that meet the condition. */
function rawOf(file: ParquetFile): string {
  const originals = USED_COLUMNS.map((column) => {
    const name = file.columns.get(column)
    return name === undefined ? 'NULL' : `${identifier(name)}::VARCHAR`
  })
  return `CASE WHEN ${MAY_BE_REJECTED} THEN to_json([${originals.join(', ')}])::VARCHAR END`
}
