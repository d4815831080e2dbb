// Rows of files as messages carry them: numbers and texts of the 55 columns, key, origin.
import { doubles, type Chunk } from '../chunks.ts'
import type { DuckDBConnection } from '../duckdb.ts'
import { chunksOf } from '../parquet/query.ts'
import type { Readable } from '../parquet/rows.ts'
import { rowQuery, type RowQuery } from './rows-sql.ts'

/** One column: a number (NaN: none), else a text of `sizes` bytes (NaN: none), else missing. */
export interface ValueColumn {
  numbers: Float64Array | null
  sizes: Float64Array | null
}

/** A chunk of rows to send. */
export interface Values {
  count: number
  /** In the order of FILE_COLUMNS. */
  columns: ValueColumn[]
  /** The texts of row i, concatenated in the order of columns; UTF-8. */
  texts(i: number): Uint8Array
  msisdn: Float64Array
  /** Row number within the file. */
  row: Float64Array
  /** Index of the file within the run. */
  file: Float64Array
  /** Event time in UTC ms, NaN when unknown. */
  event: Float64Array
}

/**
 * Writes row i, whose texts are given, from the start of `into`; returns the number of bytes. `into`
 * has room for `mostBytes(texts)`.
 */
export type Encode = (values: Values, i: number, texts: Uint8Array, into: Buffer) => number

/** Bytes that a row needs at most: JSON's names and punctuation, and an escape per byte of text. */
export const mostBytes = (texts: Uint8Array): number => 8192 + 6 * texts.length

const REMEDY =
  'rows already sent stay in the topic, and a repaired file counts as another file: write or copy ' +
  'it again'

/** All rows of files in order of Start; each chunk is valid until the next but one. */
export async function* readRows(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): AsyncGenerator<Values> {
  if (readables.length === 0) return
  const query = rowQuery(connection, readables)
  const sql = query.then((made) => made.sql)
  const files = readables.map(({ file }) => file)
  for await (const chunk of chunksOf(connection, sql, files, REMEDY)) {
    yield valuesOf(chunk, await query)
  }
}

const NO_BYTES = new Uint8Array(0)

/** The columns of a chunk in DuckDB's own memory. */
function valuesOf(chunk: Chunk, query: RowQuery): Values {
  const column = (place: number): Float64Array | null =>
    place === -1 ? null : doubles(chunk, place)
  const blobs = chunk.memory.getColumnVector(query.texts)
  return {
    count: chunk.rowCount,
    columns: query.values.map(({ number, size }) => ({
      numbers: column(number),
      sizes: column(size),
    })),
    texts: (i) => (blobs.getItem(i) as { bytes: Uint8Array } | null)?.bytes ?? NO_BYTES,
    msisdn: doubles(chunk, query.msisdn),
    row: doubles(chunk, query.row),
    file: doubles(chunk, query.file),
    event: doubles(chunk, query.event),
  }
}
