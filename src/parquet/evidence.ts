// What the rows of a file show about its units: a sample that is spread over the whole file.
import { doubles, identifier, type DuckDBConnection } from '../duckdb.ts'
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
import { arrowDurations } from './arrow-durations.ts'
import { usedColumns, usedName } from './columns-sql.ts'
import { ownDurationUnit } from './duration-sql.ts'
import { numberedRows, readParquet, type ParquetFile } from './files.ts'

/** A sample has every n-th block of rows: all rows of a small file, and of a large one this many. */
const SAMPLE_BLOCKS = 8
const BLOCK_ROWS = 2048

/** SQL of the sampled rows of a file. */
function sampleOf(file: ParquetFile): string {
  const step = Math.ceil(file.rows / (BLOCK_ROWS * SAMPLE_BLOCKS))
  if (step <= 1) return readParquet(file)
  const blocks = `${identifier(file.rowColumn)} // ${BLOCK_ROWS} % ${step} = 0`
  return `${numberedRows(file)} WHERE ${blocks}`
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
    const name = file.columns.get('Dur. (ms)') ?? ''
    const unit = (await arrowDurations(connection, file.data)).get(name)
    if (unit !== undefined) {
      const evidence = `its Arrow type is a duration in ${UNIT_WORDS[unit]}`
      return { kind: 'value', value: unit, evidence }
    }
  }
  const reading = { ...PLAIN_UNITS, ...units, durationUnit: 'ms', timeZone: 'UTC' } as const
  const columns = usedColumns(file, reading)
  const sql = `SELECT ${UNIT_COLUMNS.map((key) => usedName(PLACE[key])).join(', ')}
    FROM (SELECT ${columns.join(', ')} FROM ${sampleOf(file)})`
  const result = await connection.stream(sql)
  const evidence = createEvidence()
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return durationFinding(evidence)
    const sample = unitColumns((_, at) => doubles(chunk, at))
    addRows(evidence, sample, chunk.rowCount)
  }
}
