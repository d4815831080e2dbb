// Infers from the first rows of a Parquet file whether `Dur. (ms)` holds milliseconds or seconds.
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
 * The unit of a file's durations: the requested one, or for `auto` the unit in which most of its
 * first rows agree with End − Start; milliseconds when no row shows it.
 */
export async function durationUnitOf(
  connection: DuckDBConnection,
  file: ParquetFile,
  requested: 'auto' | 'ms' | 's',
): Promise<DurationUnit> {
  if (requested !== 'auto') return requestedUnit(requested)
  return unitOf(await sampleEvidence(connection, file))
}

async function sampleEvidence(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<UnitEvidence> {
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
