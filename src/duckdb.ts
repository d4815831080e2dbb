// The one door to DuckDB: reads Parquet of every writer, writes Parquet, runs the SQL of `verify`.
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'

export type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'

/** Limits of one embedded database: threads, memory in MiB, a folder for what spills. */
export interface DatabaseLimits {
  threads: number
  memoryMiB: number
  spillDirectory?: string
}

/** An in-memory database that is closed when `work` ends, however it ends. */
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
