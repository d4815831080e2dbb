// Streams all rows of files in order of Start, as messages carry them.
import type { DuckDBConnection } from '../duckdb.ts'
import { valuesOf, type Values } from './values.ts'
import { chunksOf, type Readable } from '../parquet/rows.ts'
import { rowQuery } from './rows-sql.ts'

const REMEDY =
  'what was sent stays in the topic, and a repaired file counts as another one: write or copy it ' +
  'again'

/** The rows of files. */
export async function* readRows(
  connection: DuckDBConnection,
  readables: readonly Readable[],
): AsyncGenerator<Values> {
  if (readables.length === 0) return
  const query = rowQuery(connection, readables)
  const sql = query.then((made) => made.sql)
  const subject = readables.map(({ file }) => file.path).join(', ')
  for await (const chunk of chunksOf(connection, sql, subject, REMEDY)) {
    yield valuesOf(chunk, await query)
  }
}
