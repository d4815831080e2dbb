// The SQL of `verify` for texts in the formats of a source: times and numbers.
import { identifier, literal } from '../duckdb.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { readParquet } from '../parquet/sql/read-parquet.ts'
import { BLANKS, COMMA, GROUPED_POINT, type NumberFormat } from '../record/formats/number-format.ts'
import { TIME_BLANKS, type TimeFormat } from '../record/formats/time-format.ts'

const MARKS = ['/', '-', '.']
const CLOCKS = [
  ...['%H:%M', '%H:%M:%S', '%H:%M:%S.%n'],
  ...['%I:%M %p', '%I:%M:%S %p', '%I:%M:%S.%n %p'],
]

/** The patterns of a date in each spelling, as a list. */
const patterns = (parts: readonly string[]): string =>
  `[${MARKS.flatMap((mark) => CLOCKS.map((clock) => literal(`${parts.join(mark)} ${clock}`))).join(', ')}]`

/** SQL of the TIMESTAMP without a zone that a text spells; NULL for any other text. */
export function localTime(sql: string, order: TimeFormat | null): string {
  const text = `trim(trim(${sql}), ${literal(TIME_BLANKS)})`
  const spelt = `regexp_replace(${text}, '\\s*([AaPp])[.]?[Mm][.]?\\s*$', ' \\1M')`
  const parts = order === 'day-first' ? ['%d', '%m', '%Y'] : ['%m', '%d', '%Y']
  const dayMonth = order === null ? 'NULL' : `try_strptime(${spelt}, ${patterns(parts)})::TIMESTAMP`
  return `(CASE WHEN regexp_matches(${text}, '^[0-9]{1,2}[/.-]') THEN ${dayMonth}
    WHEN regexp_matches(${spelt}, ' [AaPp]M$')
    THEN try_strptime(${spelt}, ${patterns(['%Y', '%m', '%d'])})::TIMESTAMP
    ELSE try_cast(${text} AS TIMESTAMP) END)`
}

/** SQL of the number that a text spells; NULL for any other text. */
export function localNumber(sql: string, format: NumberFormat): string {
  const text = `trim(${sql})`
  const bare = (marks: string): string =>
    `regexp_replace(${text}, ${literal(`[${marks}${BLANKS}]`)}, '', 'g')`
  const isMarked = `regexp_matches(${text}, '[.,]')`
  const point = `CASE WHEN regexp_full_match(${text}, ${literal(GROUPED_POINT)})
    THEN try_cast(${bare(',')} AS DOUBLE) ELSE try_cast(${text} AS DOUBLE) END`
  if (format === 'point') return `(${point})`
  return `(CASE WHEN NOT ${isMarked} THEN ${point}
    WHEN regexp_full_match(${text}, ${literal(COMMA)})
    THEN try_cast(replace(${bare('.')}, ',', '.') AS DOUBLE) END)`
}

/** Texts that show the one format, the other, or are read in both. */
export type TextCounts = [number, number, number]

/**
 * One row with `n0_0`, `n0_1`, `n0_2`, `n1_0` …: of each column of times the texts with a day first,
 * with a month first, and with either; then of each column of numbers those with a decimal comma,
 * with a point, and with either.
 */
export function formatCountsSql(
  file: ParquetFile,
  times: readonly string[],
  numbers: readonly string[],
): string {
  const text = (column: string): string => identifier(file.columns.get(column) ?? column)
  const kinds = [
    ...times.map((column) => dateKinds(text(column))),
    ...numbers.map((column) => numberKinds(text(column))),
  ]
  const counts = kinds.flatMap((of, at) =>
    of.map((condition, kind) => `count(*) FILTER (${condition}) AS n${at}_${kind}`),
  )
  return `SELECT ${counts.join(', ')} FROM ${readParquet(file)}`
}

function dateKinds(sql: string): string[] {
  const pattern = '^\\s*([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{4}\\s'
  const part = (group: number): string =>
    `try_cast(regexp_extract(${sql}, ${literal(pattern)}, ${group}) AS INTEGER)`
  const [day, month] = ['BETWEEN 13 AND 31', 'BETWEEN 1 AND 12']
  const have = (first: string, second: string): string =>
    `${part(1)} ${first} AND ${part(2)} ${second}`
  return [have(day, month), have(month, day), have(month, month)]
}

function numberKinds(sql: string): string[] {
  const isMarked = `regexp_matches(${sql}, '[.,]')`
  const [comma, point] = (['comma', 'point'] as const).map((format) => localNumber(sql, format))
  return [
    `${isMarked} AND ${comma} IS NOT NULL AND ${point} IS NULL`,
    `${isMarked} AND ${comma} IS NULL AND ${point} IS NOT NULL`,
    `${isMarked} AND ${comma} IS NOT NULL AND ${point} IS NOT NULL`,
  ]
}
