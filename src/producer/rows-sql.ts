// The SQL that reads all 55 columns of files as messages carry them, in order of Start.
//
// A value is a number (float64) or text. The texts of a row are concatenated into one BLOB, with the
// size of each text as a number: one call into DuckDB per row instead of one per text.
import { identifier, literal, type DuckDBConnection } from '../duckdb.ts'
import { UNREADABLE } from '../record/batch.ts'
import { FILE_COLUMNS, PLACE, USED_COLUMNS, type FileColumn } from '../record/columns.ts'
import { looseName } from '../record/column-names.ts'
import { VOLUME_PLACES } from '../record/formats/volume-unit.ts'
import { MISSING_TEXTS, MISSING_VALUES } from '../record/decode/text.ts'
import type { Readable } from '../parquet/rows.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { typesOf } from '../parquet/schema.ts'
import { numberedRows } from '../parquet/sql/read-parquet.ts'
import { ownDurationUnit } from '../parquet/sql/durations.ts'
import { EVENT_TIME, usedColumns, usedName, type Reading } from '../parquet/sql/columns.ts'

/** Columns of the result that hold a column's numbers and the sizes of its texts; -1: none. */
export interface ValuePlace {
  number: number
  size: number
}

/** A query over files, and the positions of its result columns. */
export interface RowQuery {
  sql: string
  /** In the order of FILE_COLUMNS. */
  values: ValuePlace[]
  texts: number
  msisdn: number
  row: number
  file: number
  event: number
}

/** SQL of one file's column as number and as text; in each row at most one is not NULL. */
interface Spelling {
  number: string | null
  text: string | null
}

const NOTHING: Spelling = { number: null, text: null }
const WHOLE_LIMIT = 2 ** 53
/** Decimal digits that a float64 always preserves. */
const SAFE_DIGITS = 15
const MISSING = MISSING_TEXTS.map(literal).join(', ')
const MISSING_NUMBER = MISSING_VALUES.map(literal).join(', ')

/** The query over all rows of all files, ordered by Start (unknown first), file and row. */
export async function rowQuery(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): Promise<RowQuery> {
  const spelt = await Promise.all(
    readables.map(async ({ file, reading }) => {
      const columns = await allColumns(connection, file)
      return { columns, spellings: FILE_COLUMNS.map((c) => spellingOf(c, columns, reading)) }
    }),
  )
  const used = FILE_COLUMNS.map((_, at) => ({
    number: spelt.some(({ spellings }) => spellings[at].number !== null),
    text: spelt.some(({ spellings }) => spellings[at].text !== null),
  }))
  let places = 0
  const values = used.map(({ number, text }) => ({
    number: number ? places++ : -1,
    size: text ? places++ : -1,
  }))
  const parts = readables.map((readable, place) => {
    const { columns, spellings } = spelt[place]
    const shown = used.flatMap(({ number, text }, at) => [
      ...(number ? [`(${spellings[at].number ?? 'NULL'})::DOUBLE AS n${at}`] : []),
      ...(text ? [`(${spellings[at].text ?? 'NULL'})::VARCHAR AS t${at}`] : []),
    ])
    return partSql(readable, place, [...columns.values()], shown)
  })
  return {
    sql: orderedSql(parts, used),
    values,
    texts: places,
    msisdn: places + 1,
    row: places + 2,
    file: places + 3,
    event: places + 4,
  }
}

function partSql(
  { file, reading }: Readable,
  place: number,
  names: readonly { name: string }[],
  shown: readonly string[],
): string {
  const rowNumber = identifier(file.rowColumn)
  const inner = [...names.map(({ name }) => identifier(name)), rowNumber]
  return `SELECT ${shown.join(', ')}, ${usedName(PLACE.msisdn)} AS msisdn,
      ${rowNumber}::DOUBLE AS row, ${place}::DOUBLE AS file, ${EVENT_TIME} AS event
    FROM (SELECT ${[...inner, ...usedColumns(file, reading)].join(', ')}
      FROM ${numberedRows(file)} WHERE ${rowNumber} < ${file.rows - file.malformed})`
}

function orderedSql(
  parts: readonly string[],
  used: readonly { number: boolean; text: boolean }[],
): string {
  const shown = used.flatMap(({ number, text }, at) => [
    ...(number ? [`n${at}`] : []),
    ...(text ? [`strlen(t${at})::DOUBLE`] : []),
  ])
  const texts = used.flatMap(({ text }, at) => (text ? [`t${at}`] : []))
  const joined = texts.length === 0 ? "''" : `concat(${texts.join(', ')})`
  return `SELECT ${shown.join(', ')}, encode(${joined}), msisdn, row, file, event
    FROM (${parts.join(' UNION ALL ')}) ORDER BY event NULLS FIRST, file, row`
}

type FileColumns = Map<string, { name: string; type: string }>

/** The columns, out of the 55, that a file has: canonical name to the file's name and type. */
async function allColumns(connection: DuckDBConnection, file: ParquetFile): Promise<FileColumns> {
  const types = await typesOf(connection, file.path, file)
  const found: FileColumns = new Map()
  const mapped = new Set(file.mapped.values())
  const free = [...types.keys()].filter((name) => !mapped.has(name))
  for (const column of FILE_COLUMNS) {
    const isUsed = USED_COLUMNS.includes(column.name)
    const name = isUsed
      ? file.columns.get(column.name)
      : (file.mapped.get(column.name) ?? nameIn(free, column))
    if (name !== undefined) found.set(column.name, { name, type: types.get(name) ?? '' })
  }
  return found
}

/** An unused column may occur twice: its exact name wins, then the first match. */
function nameIn(names: readonly string[], { name, aliases }: FileColumn): string | undefined {
  const known = [name, ...aliases].map(looseName)
  return names.includes(name) ? name : names.find((found) => known.includes(looseName(found)))
}

function spellingOf(column: FileColumn, columns: FileColumns, reading: Reading): Spelling {
  const found = columns.get(column.name)
  if (found === undefined || found.type === '"NULL"') return NOTHING
  const name = identifier(found.name)
  const used = usedName(USED_COLUMNS.indexOf(column.name))
  if (column.type === 'time') return time(name, found.type, used)
  if (column.type === 'text') return { number: null, text: unless(MISSING, name) }
  if (column.name === 'Bearer Id') return bearer(name, found.type)
  const isUsed = USED_COLUMNS.includes(column.name)
  if (isUsed && isConverted(column.name, found.type, reading))
    return converted(name, found.type, used)
  return numeric(name, found.type)
}

/** Whether its numbers are other ones than the file has, or written in a format that a topic may not show. */
function isConverted(column: string, type: string, reading: Reading): boolean {
  if (type === 'VARCHAR' && reading.numberFormats[column] !== undefined) return true
  if (column === 'Dur. (ms)') return reading.durationUnit !== 'ms' || ownDurationUnit(type) !== null
  return reading.volumeUnit !== 'bytes' && VOLUME_PLACES.includes(USED_COLUMNS.indexOf(column))
}

const unless = (missing: string, name: string): string =>
  `CASE WHEN lower(trim(${name}::VARCHAR)) NOT IN (${missing}) THEN ${name}::VARCHAR END`

/** UTC ms where the time is readable, else its text. */
function time(name: string, type: string, used: string): Spelling {
  const number = `CASE WHEN abs(${used}) < ${WHOLE_LIMIT} THEN floor(${used}) END`
  if (/^(TIMESTAMP|DATE)/.test(type)) return { number, text: null }
  const text = `CASE WHEN abs(${used}) >= ${WHOLE_LIMIT} AND NOT isnan(${used})
    THEN ${name}::VARCHAR END`
  return { number, text }
}

/** Only the presence of a bearer matters: as text it survives unchanged, whatever its type. */
const bearer = (name: string, type: string): Spelling => ({
  number: null,
  text:
    type === 'FLOAT' || type === 'DOUBLE'
      ? `CASE WHEN NOT isnan(${name}) THEN ${name}::VARCHAR END`
      : unless(MISSING_NUMBER, name),
})

/** Milliseconds or bytes where the number is readable, else its text. */
function converted(name: string, type: string, used: string): Spelling {
  if (type !== 'VARCHAR') return { number: used, text: null }
  const unreadable = `${used} = ${UNREADABLE}::DOUBLE`
  return {
    number: `CASE WHEN NOT ${unreadable} THEN ${used} END`,
    text: `CASE WHEN ${unreadable} THEN ${name} END`,
  }
}

/** As a number where a float64 holds it exactly, else as text. */
function numeric(name: string, type: string): Spelling {
  if (type === 'VARCHAR') return { number: null, text: unless(MISSING_NUMBER, name) }
  if (/^(U?(TINY|SMALL)INT|U?INTEGER|FLOAT|DOUBLE)$/.test(type)) return { number: name, text: null }
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type)
  if (decimal === null && !/^U?(BIG|HUGE)INT$/.test(type)) {
    return { number: null, text: unless(MISSING_NUMBER, name) }
  }
  const [digits, scale] =
    decimal === null ? [Infinity, 0] : [Number(decimal[1]), Number(decimal[2])]
  if (digits <= SAFE_DIGITS) return { number: name, text: null }
  const limit = scale === 0 ? WHOLE_LIMIT : 10 ** Math.max(0, SAFE_DIGITS - scale)
  const fits = `abs(${name}::DOUBLE) < ${limit}`
  return {
    number: `CASE WHEN ${fits} THEN ${name} END`,
    text: `CASE WHEN NOT ${fits} THEN ${name}::VARCHAR END`,
  }
}
