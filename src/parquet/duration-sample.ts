// Infers from the first rows of a Parquet file whether `Dur. (ms)` holds milliseconds or seconds.
import { doubles, type DuckDBConnection } from '../duckdb.ts'
import {
  addEvidence,
  requestedUnit,
  UNIT_COLUMNS,
  unitColumns,
  unitOf,
  type DurationUnit,
  type UnitEvidence,
} from '../record/duration-unit.ts'
import { PLACE } from '../record/columns.ts'
import { readParquet, type ParquetFile } from './files.ts'
import { usedColumns, usedName } from './columns-sql.ts'

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
  const [start, end, duration] = [PLACE.start, PLACE.end, PLACE.duration].map(usedName)
  const sql = `SELECT ${UNIT_COLUMNS.map((key) => usedName(PLACE[key])).join(', ')}
    FROM (SELECT ${columns.join(', ')} FROM ${readParquet(file)})
    WHERE ${start} > 0 AND ${end} > 0 AND ${duration} > 0`
  const result = await connection.stream(sql)
  const count: UnitEvidence = { seconds: 0, rows: 0 }
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return count
    const sample = unitColumns((_, at) => doubles(chunk, at))
    if (addEvidence(count, sample, chunk.rowCount)) return count
  }
}
