// Streams all rows of files in order of Start, as messages carry them.
import type { DuckDBConnection, DuckDBDataChunk } from '../src/duckdb.ts'
import { messageOf, PulseError } from '../src/errors.ts'
import { valuesOf, type Values } from './encode-values.ts'
import type { Readable } from './parquet.ts'
import { rowQuery } from './produce-sql.ts'

/** The rows of files. The next chunk is decoded while the last one is worked on. */
export async function* readRows(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): AsyncGenerator<Values> {
  if (readables.length === 0) return
  let pending: Promise<DuckDBDataChunk | null> = Promise.resolve(null)
  try {
    const query = await rowQuery(connection, readables)
    const result = await connection.stream(query.sql)
    pending = result.fetchChunk()
    for (;;) {
      const chunk = await pending
      if (chunk === null || chunk.rowCount === 0) return
      pending = result.fetchChunk()
      // It may fail while the chunk before it waits for its time; it is awaited after that.
      pending.catch(() => undefined)
      yield valuesOf(chunk, query)
    }
  } catch (error) {
    const subject = readables.map(({ file }) => file.path).join(', ')
    throw new PulseError(
      'input-invalid',
      `${subject}: reading its rows failed (${messageOf(error).split('\n')[0]}); what was sent ` +
        'stays in the topic, and a repaired file counts as another one: write or copy it again',
      error,
    )
  } finally {
    // Left early: the connection must not be closed under a fetch. Its failure no longer matters.
    await Promise.allSettled([pending])
  }
}
