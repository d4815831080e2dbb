// What the rows of a file show about its units: a sample that is spread over the whole file.
import { doubles, streamChunks, type Chunk } from '../chunks.ts'
import { identifier, type DuckDBConnection } from '../duckdb.ts'
import { PLACE } from '../record/columns.ts'
import type { Finding } from '../record/decide-units.ts'
import { durationFinding } from '../record/duration-question.ts'
import {
  addRows,
  createEvidence,
  UNIT_COLUMNS,
  UNIT_WORDS,
  unitColumnsOf,
  type Unit,
  type UnitEvidence,
} from '../record/duration-unit.ts'
import { PLAIN_UNITS, type SourceUnits } from '../record/source-units.ts'
import type { ParquetFile } from './files.ts'
import { openOddTimes, writeOddTimes } from './odd-times.ts'
import { pathOf } from './placed-columns.ts'
import { arrowDurations, pathKey } from './sql/arrow-durations.ts'
import { spelt, unfinishedColumns, usedColumns, usedName, type Reading } from './sql/columns.ts'
import { ownDurationUnit } from './sql/durations.ts'
import { numberedRows, readParquet } from './sql/read-parquet.ts'
import { neededOf, textsOfOdd } from './sql/rows.ts'

/** A sample has all rows of a small file, and of a large one this many blocks from first to last row. */
const SAMPLE_BLOCKS = 4
const BLOCK_ROWS = 4096

/** SQL of the sampled rows of a file. A range of rows makes DuckDB read their row groups only. */
function sampleOf(file: ParquetFile): string {
  if (file.rows <= SAMPLE_BLOCKS * BLOCK_ROWS) return readParquet(file)
  const row = identifier(file.rowColumn)
  const blocks = Array.from({ length: SAMPLE_BLOCKS }, (_, block) => {
    const from = Math.floor(((file.rows - BLOCK_ROWS) * block) / (SAMPLE_BLOCKS - 1))
    return `${row} >= ${from} AND ${row} < ${from + BLOCK_ROWS}`
  })
  return `${numberedRows(file)} WHERE ${blocks.join(' OR ')}`
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
  const evidence =
    (await withUsualTimes(connection, file, reading)) ??
    (await addSample(connection, sampleSql(file, usedColumns(file, reading), [])))
  return durationFinding(evidence ?? createEvidence())
}

/** The columns of evidence, and `more` columns, of the sampled rows. */
function sampleSql(file: ParquetFile, used: readonly string[], more: readonly string[]): string {
  const places = UNIT_COLUMNS.map((key) => PLACE[key])
  const columns = places.map(usedName)
  const inner = [...neededOf(file), ...places.map((place) => used[place])]
  return `SELECT ${[...columns, ...more].join(', ')}
    FROM (SELECT ${inner.join(', ')} FROM ${sampleOf(file)})`
}

/** The evidence with times read in the usual spelling; null where many have another one. */
async function withUsualTimes(
  connection: DuckDBConnection,
  file: ParquetFile,
  reading: Reading,
): Promise<UnitEvidence | null> {
  const times = spelt(file, reading)
  if (times.length === 0) return null
  const sql = sampleSql(file, unfinishedColumns(file, reading), textsOfOdd(times))
  const odd = await openOddTimes(connection, reading)
  try {
    return await addSample(connection, sql, (chunk, columns) =>
      writeOddTimes(odd, chunk, columns, times, UNIT_COLUMNS.length),
    )
  } finally {
    odd.connection.closeSync()
  }
}

/**
 * The evidence of the rows of a query.
 *
 * @param finish writes what the query leaves out; false ends the reading, and null is returned
 */
async function addSample(
  connection: DuckDBConnection,
  sql: string,
  finish: (chunk: Chunk, columns: Float64Array[]) => Promise<boolean> = () => Promise.resolve(true),
): Promise<UnitEvidence | null> {
  const result = await streamChunks(connection, sql)
  const evidence = createEvidence()
  for (;;) {
    const chunk = await result.fetch()
    if (chunk === null) return evidence
    const columns: Float64Array[] = []
    UNIT_COLUMNS.forEach((key, at) => (columns[PLACE[key]] = doubles(chunk, at)))
    if (!(await finish(chunk, columns))) return null
    addRows(evidence, unitColumnsOf(columns), chunk.rowCount)
  }
}
