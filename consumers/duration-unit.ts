// Finds out whether `Dur. (ms)` holds milliseconds, or seconds as many real files do.
import { doubles, type DuckDBConnection } from '../src/duckdb.ts'
import { withPart } from '../src/record/clean.ts'
import { readParquet, type ParquetFile } from './parquet-files.ts'
import { usedColumns } from './parquet-sql.ts'

/** Rows that vote: the first ones that can tell. */
const VOTES = 1000
/** Text times lose their seconds: a shorter span could not tell. */
const LEAST_SPAN_MS = 120_000

export interface DurationUnit {
  durationUnit: 'ms' | 's'
  /** In words: how the unit was found. */
  evidence: string
}

/**
 * The unit of a file's durations: as told, or by comparing End − Start of its first rows with
 * both readings; the majority decides, milliseconds when no row can tell.
 */
export async function durationUnitOf(
  connection: DuckDBConnection,
  file: ParquetFile,
  asked: 'auto' | 'ms' | 's',
): Promise<DurationUnit> {
  if (asked !== 'auto') return { durationUnit: asked, evidence: `set by --duration-unit ${asked}` }
  const { seconds, votes } = await vote(connection, file)
  if (votes === 0) {
    return { durationUnit: 'ms', evidence: 'no row could tell: taken as milliseconds' }
  }
  const durationUnit = seconds * 2 > votes ? 's' : 'ms'
  const agreeing = durationUnit === 's' ? seconds : votes - seconds
  const words = durationUnit === 's' ? 'seconds' : 'milliseconds'
  const evidence = `End − Start agrees with ${words} in ${agreeing} of ${votes} rows looked at`
  return { durationUnit, evidence }
}

async function vote(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<{ seconds: number; votes: number }> {
  const columns = usedColumns(file, { durationUnit: 'ms', timeZone: 'UTC' })
  const sql = `SELECT c2, c3, c4, c5, c6
    FROM (SELECT ${columns.join(', ')} FROM ${readParquet(file.path)})
    WHERE c2 > 0 AND c4 > 0 AND c6 > 0`
  const result = await connection.stream(sql)
  let [seconds, votes] = [0, 0]
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return { seconds, votes }
    const [start, startPart, end, endPart, duration] = [0, 1, 2, 3, 4].map((c) => doubles(chunk, c))
    for (let i = 0; i < chunk.rowCount; i++) {
      const span = withPart(end[i], endPart[i]) - withPart(start[i], startPart[i])
      // NaN passes `c6 > 0` in DuckDB, and can tell nothing.
      if (!(span > LEAST_SPAN_MS && duration[i] < Infinity)) continue
      if (Math.abs(duration[i] * 1000 - span) < Math.abs(duration[i] - span)) seconds++
      if (++votes === VOTES) return { seconds, votes }
    }
  }
}
