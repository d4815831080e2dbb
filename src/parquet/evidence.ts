// What the rows of a file show about its units: a sample that is spread over the whole file.
import { doubles, streamChunks } from '../chunks.ts'
import { identifier, type DuckDBConnection } from '../duckdb.ts'
import { PLACE } from '../record/columns.ts'
import type { Finding } from '../record/decide-units.ts'
import { durationFinding } from '../record/duration-question.ts'
import {
  addRows,
  createEvidence,
  UNIT_COLUMNS,
  UNIT_WORDS,
  unitColumns,
  type Unit,
} from '../record/duration-unit.ts'
import { PLAIN_UNITS, type SourceUnits } from '../record/source-units.ts'
import { pathOf } from './placed-columns.ts'
import { arrowDurations, pathKey } from './sql/arrow-durations.ts'
import { usedColumns, usedName } from './sql/columns.ts'
import { ownDurationUnit } from './sql/durations.ts'
import type { ParquetFile } from './files.ts'
import { numberedRows, readParquet } from './sql/read-parquet.ts'

/** A sample has all rows of a small file, and of a large one this many blocks from first to last row. */
const SAMPLE_BLOCKS = 4
const BLOCK_ROWS = 4096

/** SQL of the sampled rows of a file. A range of rows makes DuckDB read their row groups only. */
function sampleOf(file: ParquetFile): string {
  if (file.rows <= SAMPLE_BLOCKS * BLOCK_ROWS) return readParquet(file)
  const row = identifier(file.rowColumn)
  const blocks = Array.from({ length: SAMPLE_BLOCKS }, (_, block) => {
    const from = Math.floor(((file.rows - BLOCK_ROWS) * block) / (SAMPLE_BLOCKS - 1))
    return `SELECT * FROM ${numberedRows(file)}
      WHERE ${row} >= ${from} AND ${row} < ${from + BLOCK_ROWS}`
  })
  return `(${blocks.join(' UNION ALL ')})`
}

/** What a file shows about the unit of its durations; `units` are those of its other columns. */
export async function durationEvidence(
  connection: DuckDBConnection,
  file: ParquetFile,
  units: SourceUnits,
): Promise<Finding<Unit>> {
  const type = file.types.get('Dur. (ms)') ?? ''
  const own = ownDurationUnit(type)
  if (own !== null) return { kind: 'value', value: own, evidence: `its type is ${type}` }
  if (type === 'BIGINT') {
    const path = pathOf(file.columns.get('Dur. (ms)') ?? '', file.nested)
    const unit = (await arrowDurations(connection, file.data)).get(pathKey(path))
    if (unit !== undefined) {
      const evidence = `its Arrow type is a duration in ${UNIT_WORDS[unit]}`
      return { kind: 'value', value: unit, evidence }
    }
  }
  const reading = { ...PLAIN_UNITS, ...units, durationUnit: 'ms', timeZone: 'UTC' } as const
  const columns = usedColumns(file, reading)
  const sql = `SELECT ${UNIT_COLUMNS.map((key) => usedName(PLACE[key])).join(', ')}
    FROM (SELECT ${columns.join(', ')} FROM ${sampleOf(file)})`
  const result = await streamChunks(connection, sql)
  const evidence = createEvidence()
  for (;;) {
    const chunk = await result.fetch()
    if (chunk === null) return durationFinding(evidence)
    const sample = unitColumns((_, at) => doubles(chunk, at))
    addRows(evidence, sample, chunk.rowCount)
  }
}
