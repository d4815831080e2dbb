// Finds out whether `Dur. (ms)` of a Parquet file holds milliseconds or seconds, from its first rows.
import { doubles, type DuckDBConnection } from '../duckdb.ts'
import {
  addEvidence,
  requestedUnit,
  unitOf,
  type DurationUnit,
  type UnitEvidence,
} from '../record/duration-unit.ts'
import { readParquet, type ParquetFile } from './files.ts'
import { usedColumns } from './columns-sql.ts'

/**
 * The unit of a file's durations: as told, or by comparing End − Start of its first rows with
 * both readings; the majority decides, milliseconds when no row can tell.
 */
export async function durationUnitOf(
  connection: DuckDBConnection,
  file: ParquetFile,
  asked: 'auto' | 'ms' | 's',
): Promise<DurationUnit> {
  return asked === 'auto' ? unitOf(await evidence(connection, file)) : requestedUnit(asked)
}

async function evidence(connection: DuckDBConnection, file: ParquetFile): Promise<UnitEvidence> {
  const columns = usedColumns(file, { durationUnit: 'ms', timeZone: 'UTC' })
  const sql = `SELECT c2, c3, c4, c5, c6
    FROM (SELECT ${columns.join(', ')} FROM ${readParquet(file.path)})
    WHERE c2 > 0 AND c4 > 0 AND c6 > 0`
  const result = await connection.stream(sql)
  const count: UnitEvidence = { seconds: 0, rows: 0 }
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return count
    const columns = [0, 1, 2, 3, 4].map((c) => doubles(chunk, c))
    if (addEvidence(count, columns, chunk.rowCount)) return count
  }
}
