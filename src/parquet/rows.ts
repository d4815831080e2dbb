// Streams the rows of Parquet files: one file in file order, or all files in order of event time.
import { CHUNK_ROWS, doubles, textAt } from '../duckdb.ts'
import type { DuckDBConnection, DuckDBDataChunk } from '../duckdb.ts'
import type { RawColumn } from '../record/batch.ts'
import { USED_COLUMNS } from '../record/columns.ts'
import { VOLUME_PLACES } from '../record/formats/volume-unit.ts'
import { damageError, rowsDiffer } from './damage.ts'
import type { ParquetFile } from './files.ts'
import { readParquet } from './sql/read-parquet.ts'
import { EVENT_TIME, FILE_COLUMN, isText, RAW_COLUMN, ROW_COLUMN, rowsSql } from './sql/columns.ts'
import { usedColumns, type Reading } from './sql/columns.ts'
import type { Delivery } from './delivery.ts'

/** A file and how its values are interpreted. */
export interface Readable {
  file: ParquetFile
  reading: Reading
}

/**
 * All chunks of a query. The next chunk is decoded while the consumer processes the last one.
 *
 * @param files those that the query reads, for the error
 * @throws PulseError `input-invalid` that names file and column and ends with `remedy`
 */
export async function* chunksOf(
  connection: DuckDBConnection,
  sql: string | Promise<string>,
  files: readonly ParquetFile[],
  remedy?: string,
): AsyncGenerator<DuckDBDataChunk> {
  let pending: Promise<DuckDBDataChunk | null> = Promise.resolve(null)
  try {
    const result = await connection.stream(await sql)
    pending = result.fetchChunk()
    for (;;) {
      const chunk = await pending
      if (chunk === null || chunk.rowCount === 0) return
      pending = result.fetchChunk()
      // It may fail while the previous chunk is in use; the next iteration awaits it.
      pending.catch(() => undefined)
      yield chunk
    }
  } catch (error) {
    await Promise.allSettled([pending])
    throw await damageError(connection, files, error, remedy)
  } finally {
    // The consumer may leave early: the connection must not be closed during a fetch.
    await Promise.allSettled([pending])
  }
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

function rawRows(chunk: DuckDBDataChunk, kinds: readonly ColumnKind[]): Delivery['rows'] {
  return {
    count: chunk.rowCount,
    columns: kinds.map((kind, column) => ({ values: doubles(chunk, column), ...kind })),
    raw: (i) => textAt(chunk, RAW_COLUMN, i) ?? '[]',
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
  const { file, reading } = readable
  const kinds = kindsOf([readable])
  const { rows, malformed } = file
  let first = from
  for await (const chunk of chunksOf(connection, rowsSql(file, reading, from, null), [file])) {
    const at = first
    const ordinal = (i: number): number => at + i
    const isMalformed = malformed === 0 ? null : (i: number) => at + i >= rows - malformed
    const of = { source: () => place, ordinal, rowNumber: ordinal, isMalformed }
    yield { rows: rawRows(chunk, kinds), ...of, eventTimeMs: null }
    first += chunk.rowCount
  }
  if (first !== file.rows) throw rowsDiffer(file, first)
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
  const parts = files.map(({ file, reading }, place) => rowsSql(file, reading, 0, place))
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
      rows: rawRows(chunk, kinds),
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
