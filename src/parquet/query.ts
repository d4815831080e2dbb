// Runs a query over files, chunk after chunk; what cannot be read becomes an error that names it.
import { streamChunks, type Chunk } from '../chunks.ts'
import type { DuckDBConnection } from '../duckdb.ts'
import { damageError } from './damage.ts'
import type { ParquetFile } from './files.ts'

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
): AsyncGenerator<Chunk> {
  let pending: Promise<Chunk | null> = Promise.resolve(null)
  try {
    const result = await streamChunks(connection, await sql)
    pending = result.fetch()
    for (;;) {
      const chunk = await pending
      if (chunk === null) return
      pending = result.fetch()
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
