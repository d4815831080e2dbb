// The values that SQL reads from texts, for tests of its twins in JavaScript.
import { literal, queryRows, withDatabase, type DuckDBConnection } from '../../../src/duckdb.ts'
import type { ParquetFile } from '../../../src/parquet/files.ts'
import { usedColumns } from '../../../src/parquet/sql/columns.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { PLAIN_UNITS, type SourceUnits } from '../../../src/record/source-units.ts'

/** Runs `work` with a small database. */
export const inDatabase = (work: (connection: DuckDBConnection) => Promise<void>): Promise<void> =>
  withDatabase({ threads: 1, memoryMiB: 256 }, work)

/** SQL of a table with one column of texts. */
export const tableOf = (texts: readonly string[], column: string): string =>
  `(SELECT unnest([${texts.map(literal).join(', ')}]::VARCHAR[]) AS "${column}")`

/** The values that SQL reads from a text column in some units; NaN for NULL. */
export async function read(
  connection: DuckDBConnection,
  column: string,
  texts: readonly string[],
  units: Partial<SourceUnits>,
  timeZone = 'UTC',
): Promise<number[]> {
  const types = new Map([[column, 'VARCHAR']])
  const file = { columns: new Map([[column, column]]), types } as unknown as ParquetFile
  const sql = usedColumns(file, { ...PLAIN_UNITS, ...units, timeZone })[
    USED_COLUMNS.indexOf(column)
  ].replace(/ AS c\d+$/, '')
  const rows = await queryRows(connection, `SELECT ${sql} AS value FROM ${tableOf(texts, column)}`)
  return rows.map(({ value }) => (value === null ? NaN : Number(value)))
}
