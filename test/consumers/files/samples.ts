// Small generated files, their rows as the oracle reads them, and the same rows in several files.
import { join } from 'node:path'
import { writeSample } from '../../../src/generate/write.ts'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import type { SampleOptions } from '../../../src/generate/sample-sql.ts'
import type { RawCell, RawRows } from '../../oracle.ts'

const LIMITS = { threads: 1, memoryMiB: 512 }

/** A dirty sample that takes a fraction of a second. */
export const SMALL: SampleOptions = { rows: 6000, subscribers: 400, days: 9, seed: 11, dirt: 0.2 }

/** Writes a sample into a directory; returns its path. */
export async function sampleIn(
  directory: string,
  changes: Partial<SampleOptions> = {},
): Promise<string> {
  const options = { ...SMALL, ...changes }
  const path = join(directory, `sample-${options.seed}.parquet`)
  await writeSample(options, path)
  return path
}

/** Writes rows [0, cuts[0]), [cuts[0], cuts[1]) … of a file as separate files. */
export async function cutFile(
  path: string,
  cuts: readonly number[],
  directory: string,
): Promise<string[]> {
  const bounds = [0, ...cuts, 2 ** 31]
  const parts: string[] = []
  await withDatabase(LIMITS, async (connection) => {
    for (let i = 0; i + 1 < bounds.length; i++) {
      const part = join(directory, `part-${i}.parquet`)
      await connection.run(`COPY (SELECT * EXCLUDE file_row_number
        FROM read_parquet(${literal(path)}, file_row_number = true)
        WHERE file_row_number >= ${bounds[i]} AND file_row_number < ${bounds[i + 1]})
        TO ${literal(part)} (FORMAT parquet, COMPRESSION snappy)`)
      parts.push(part)
    }
  })
  return parts
}

/** The used columns of a file in the form that the oracle takes. */
export async function rawRowsOf(path: string): Promise<RawRows> {
  const columns = [...USED_COLUMNS]
  const list = columns.map((name) => `"${name}"`).join(', ')
  return withDatabase(LIMITS, async (connection) => {
    const sql = `SELECT ${list} FROM read_parquet(${literal(path)})`
    const reader = await connection.runAndReadAll(sql)
    return { columns, rows: reader.getRows().map((row) => row.map(cellOf)) }
  })
}

function cellOf(value: unknown): RawCell {
  if (value === null || typeof value === 'string') return value
  if (typeof value !== 'number') throw new Error(`a sample holds no ${typeof value}`)
  return Number.isFinite(value) ? value : { number: String(value) }
}
