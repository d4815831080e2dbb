// The only importer of DuckDB, which reads and writes Parquet and runs the SQL of `verify`.
import { DuckDBInstance, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api'
import { assert } from './errors.ts'

export type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'

/** Limits of an embedded database: threads, memory in MiB, a directory to spill to. */
export interface DatabaseLimits {
  threads: number
  memoryMiB: number
  spillDirectory?: string
}

/** Runs `work` with a connection to a new in-memory database, and closes both. */
export async function withDatabase<T>(
  limits: DatabaseLimits,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(limits.threads),
    memory_limit: `${limits.memoryMiB}MiB`,
    ...(limits.spillDirectory === undefined ? {} : { temp_directory: limits.spillDirectory }),
  })
  const connection = await instance.connect()
  try {
    return await work(connection)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A string as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The maximum number of rows per chunk: DuckDB's vector size. */
export const CHUNK_ROWS = 2048

interface DoubleVector {
  items: Float64Array
  validity: { data: BigUint64Array | null; offset: number }
}

/**
 * A DOUBLE column of a chunk in DuckDB's own memory, NULL as NaN. It reads private fields, so the
 * version is pinned: the public interface creates an object per value and is forty times slower.
 */
export function doubles(chunk: DuckDBDataChunk, column: number): Float64Array {
  const vector = chunk.getColumnVector(column) as unknown as DoubleVector
  const { items, validity } = vector
  assert(items instanceof Float64Array, 'a DOUBLE column holds a Float64Array')
  assert(validity.offset === 0, 'a column of a chunk begins at its first row')
  if (validity.data !== null) writeNulls(items, validity.data)
  return items
}

function writeNulls(items: Float64Array, validity: BigUint64Array): void {
  const words = new Uint32Array(validity.buffer, validity.byteOffset, validity.length * 2)
  for (let w = 0; w * 32 < items.length; w++) {
    const word = words[w]
    if (word === 0xffffffff) continue
    const end = Math.min(items.length, w * 32 + 32)
    for (let i = w * 32; i < end; i++) if ((word & (1 << (i & 31))) === 0) items[i] = NaN
  }
}

/** A text value of a chunk, null for NULL. */
export function textAt(chunk: DuckDBDataChunk, column: number, row: number): string | null {
  return chunk.getColumnVector(column).getItem(row) as string | null
}

/** All rows of a small result, as objects by column name. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRowObjects()
}
