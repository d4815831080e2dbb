// A chunk of rows as messages carry them: numbers and texts of the 55 columns, key, where from.
import { doubles, type DuckDBDataChunk } from '../duckdb.ts'
import type { RowQuery } from './rows-sql.ts'

/** One column: a number (NaN none), else a text of that many bytes (NaN none), else missing. */
export interface ValueColumn {
  numbers: Float64Array | null
  sizes: Float64Array | null
}

/** Rows to send. */
export interface Values {
  count: number
  /** As FILE_COLUMNS. */
  columns: ValueColumn[]
  /** The texts of row i one after another, in the order of columns; UTF-8. */
  texts(i: number): Uint8Array
  msisdn: Float64Array
  /** Row number in its file. */
  row: Float64Array
  /** Place of the file in the run. */
  file: Float64Array
  /** Event time, NaN unknown. */
  event: Float64Array
}

/** Writes row i, whose texts are given, from the start; returns the bytes. The room is enough. */
export type Encode = (values: Values, i: number, texts: Uint8Array, into: Buffer) => number

const NO_BYTES = new Uint8Array(0)

/** The columns of a chunk; they are DuckDB's own memory, good until the next chunk but one. */
export function valuesOf(chunk: DuckDBDataChunk, query: RowQuery): Values {
  const column = (place: number): Float64Array | null =>
    place === -1 ? null : doubles(chunk, place)
  const blobs = chunk.getColumnVector(query.texts)
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

/** Bytes that a row may need at most: names and punctuation of JSON, escapes of each text byte. */
export const mostBytes = (texts: Uint8Array): number => 8192 + 6 * texts.length
