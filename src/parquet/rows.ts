// Streams the rows of Parquet files: one file in file order, or all files in order of event time.
import { doubles, textAt, textsOf } from '../chunks.ts'
import type { Chunk, Texts } from '../chunks.ts'
import { CHUNK_ROWS, type DuckDBConnection } from '../duckdb.ts'
import type { RawColumn } from '../record/batch.ts'
import { PLACE, USED_COLUMNS } from '../record/columns.ts'
import { VOLUME_PLACES } from '../record/formats/volume-unit.ts'
import { rowsDiffer } from './damage.ts'
import type { ParquetFile } from './files.ts'
import { readParquet } from './sql/read-parquet.ts'
import { openOddTimes, writeOddTimes } from './odd-times.ts'
import { EVENT_TIME, isPlainBearer, isText, spelt } from './sql/columns.ts'
import { usedColumns, type Reading } from './sql/columns.ts'
import { FILE_COLUMN, RAW_COLUMN, ROW_COLUMN, TEXTS_COLUMN } from './sql/rows.ts'
import { numberedRowsSql, plainRowsSql, unfinishedRowsSql } from './sql/rows.ts'
import type { Delivery } from './delivery.ts'
import { chunksOf } from './query.ts'

/** A file and how its values are interpreted. */
export interface Readable {
  file: ParquetFile
  reading: Reading
}

type ColumnKind = Pick<RawColumn, 'text' | 'isScaled'>

/** What the columns hold in any of the files. */
function kindsOf(readables: readonly Readable[]): ColumnKind[] {
  return USED_COLUMNS.map((column, place) => ({
    text: readables.some(({ file }) => isText(file, column)),
    isScaled: readables.some(
      ({ reading }) => reading.volumeUnit !== 'bytes' && VOLUME_PLACES.includes(place),
    ),
  }))
}

/** The used columns of a chunk. */
const usedOf = (chunk: Chunk): Float64Array[] =>
  USED_COLUMNS.map((_, column) => doubles(chunk, column))

/** The columns are in the memory of the chunk, which `raw` refers to. */
function rawRows(
  chunk: Chunk,
  columns: readonly Float64Array[],
  kinds: readonly ColumnKind[],
): Delivery['rows'] {
  let raws: Texts | null = null
  return {
    count: chunk.rowCount,
    columns: kinds.map(({ text, isScaled }, place) => ({ values: columns[place], text, isScaled })),
    raw: (i) => textAt((raws ??= textsOf(chunk, RAW_COLUMN)), i) ?? '[]',
  }
}

/** The latest Start of the files in UTC ms; 0 when no row has one. */
export async function lastEventTime(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): Promise<number> {
  let latest = 0
  for (const { file, reading } of readables) {
    const rows = `SELECT ${usedColumns(file, reading).join(', ')} FROM ${readParquet(file)}`
    const sql = `SELECT max(${EVENT_TIME})::DOUBLE FROM (${rows})`
    for await (const chunk of chunksOf(connection, sql, [file])) {
      latest = Math.max(latest, doubles(chunk, 0)[0] || 0)
    }
  }
  return latest
}

/** The rows of one file in file order, from row `from` on; `place` is its index within the run. */
export async function* readInFileOrder(
  connection: DuckDBConnection,
  readable: Readable,
  place: number,
  from: number,
): AsyncGenerator<Delivery> {
  const { file } = readable
  const kinds = kindsOf([readable])
  const { rows, malformed } = file
  let first = from
  for await (const { chunk, columns } of columnsInFileOrder(connection, readable, from)) {
    const at = first
    const ordinal = (i: number): number => at + i
    const isMalformed = malformed === 0 ? null : (i: number) => at + i >= rows - malformed
    const of = { source: () => place, ordinal, rowNumber: ordinal, isMalformed }
    yield { rows: rawRows(chunk, columns, kinds), ...of, eventTimeMs: null }
    first += chunk.rowCount
  }
  if (first !== file.rows) throw rowsDiffer(file, first)
}

/** A chunk with its used columns. */
interface Columns {
  chunk: Chunk
  columns: Float64Array[]
}

/** The used columns of one file; times are read in the usual spelling as long as most have it. */
async function* columnsInFileOrder(
  connection: DuckDBConnection,
  readable: Readable,
  from: number,
): AsyncGenerator<Columns> {
  const { file, reading } = readable
  const isPlain = spelt(file, reading).length === 0 && !isPlainBearer(file)
  const first = isPlain ? from : yield* unfinishedInFileOrder(connection, readable, from)
  if (first === null) return
  const sql = plainRowsSql(file, reading, first)
  for await (const chunk of chunksOf(connection, sql, [file])) {
    yield { chunk, columns: usedOf(chunk) }
  }
}

/**
 * The used columns of one file, finished here.
 *
 * @returns the first row that is to be read in another way, null for none
 */
async function* unfinishedInFileOrder(
  connection: DuckDBConnection,
  { file, reading }: Readable,
  from: number,
): AsyncGenerator<Columns, number | null> {
  const times = spelt(file, reading)
  const odd = await openOddTimes(connection, reading)
  let first = from
  try {
    const sql = unfinishedRowsSql(file, reading, from)
    for await (const chunk of chunksOf(connection, sql, [file])) {
      const columns = usedOf(chunk)
      if (!(await writeOddTimes(odd, chunk, columns, times, TEXTS_COLUMN))) return first
      if (isPlainBearer(file)) markPresent(columns[PLACE.bearer])
      yield { chunk, columns }
      first += chunk.rowCount
    }
    return null
  } finally {
    odd.connection.closeSync()
  }
}

/** Of a bearer only the presence counts. */
function markPresent(bearers: Float64Array): void {
  for (let i = 0; i < bearers.length; i++) if (bearers[i] === bearers[i]) bearers[i] = 1
}

/**
 * The rows of all files, merged in order of Start (unknown ones first, equal ones by file and row).
 * The order of a file's rows depends on this file alone, so its position is valid in any run.
 */
export async function* readInTimeOrder(
  connection: DuckDBConnection,
  files: readonly Readable[],
): AsyncGenerator<Delivery> {
  if (files.length === 0) return
  // A column may be text in one file and a number in another. A number UNREADABLE would then count
  // as unreadable instead of negative; no such number occurs in practice.
  const kinds = kindsOf(files)
  const parts = files.map(({ file, reading }, place) => numberedRowsSql(file, reading, place))
  const sql = `SELECT * FROM (SELECT *, ${EVENT_TIME} AS event FROM (${parts.join(' UNION ALL ')}))
    ORDER BY event NULLS FIRST, file, row`
  const readRows = new Float64Array(files.length)
  const ordinals = new Float64Array(CHUNK_ROWS)
  const valid = files.map(({ file }) => file.rows - file.malformed)
  const isWhole = files.every(({ file }) => file.malformed === 0)
  const read = files.map(({ file }) => file)
  for await (const chunk of chunksOf(connection, sql, read)) {
    const rowNumbers = doubles(chunk, ROW_COLUMN)
    const places = doubles(chunk, FILE_COLUMN)
    for (let i = 0; i < chunk.rowCount; i++) ordinals[i] = readRows[places[i]]++
    yield {
      rows: rawRows(chunk, usedOf(chunk), kinds),
      source: (i) => places[i],
      ordinal: (i) => ordinals[i],
      rowNumber: (i) => rowNumbers[i],
      isMalformed: isWhole ? null : (i) => rowNumbers[i] >= valid[places[i]],
      eventTimeMs: doubles(chunk, FILE_COLUMN + 1),
    }
  }
  files.forEach(({ file }, place) => {
    if (readRows[place] !== file.rows) throw rowsDiffer(file, readRows[place])
  })
}
