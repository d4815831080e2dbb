// Writes the synthetic data set as a Parquet file, completely or not at all.
import { rename, rm, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileLiteral, literal, queryRows, withDatabase } from '../duckdb.ts'
import { outputError } from '../errors.ts'
import { checkOutputFile, partialOf } from '../output-path.ts'
import { generateSql, sessionsOf, type SampleOptions } from './sample-sql.ts'

/** Rows per row group: DuckDB's default, about 35 MB of columns. */
const ROW_GROUP = 122_880
/** Each thread holds a row group and the column that it compresses. */
const MEMORY_MIB = 1024
const MOST_THREADS = 4
/** Approximate size of a row in the file: progress is estimated from the size of the file. */
const BYTES_PER_ROW = 180
const PROGRESS_MS = 200

/** Key-value metadata by which a generated file is recognised. */
const MARK = { key: 'generated_by', value: 'xdr-pulse' }

/** Receives progress; until the last call the rows are estimated from the size of the file. */
export type SampleProgress = (writtenRows: number, rows: number) => void

/** How a file is written; the content does not depend on it. */
export interface SampleLimits {
  threads?: number
  /** Aborted to end early: nothing is written, and the promise rejects. */
  stop?: AbortSignal
}

/**
 * Writes a Parquet file of `options.rows` rows to `outFile`, and replaces an existing file.
 *
 * @throws PulseError `output` when the directory is missing, not writable or full
 */
export async function writeSample(
  options: SampleOptions,
  outFile: string,
  onProgress?: SampleProgress,
  { threads = Math.min(MOST_THREADS, availableParallelism()), stop }: SampleLimits = {},
): Promise<void> {
  const target = checkOutputFile('the generated file', outFile)
  const partial = partialOf(target)
  // One byte per row: DuckDB reads a table with all threads, and `rowid` numbers its rows.
  const table = `CREATE TABLE numbers AS SELECT true AS present FROM range(${sessionsOf(options)})`
  const rows = generateSql(options, 'SELECT rowid AS i FROM numbers')
  const sql = `COPY (${rows}) TO ${literal(partial)}
    (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${ROW_GROUP},
    KV_METADATA {${MARK.key}: ${literal(MARK.value)}})`
  const timer = onProgress && watchSize(partial, options.rows, onProgress)
  try {
    await withDatabase({ threads, memoryMiB: MEMORY_MIB, spills: true }, async (connection) => {
      stop?.addEventListener('abort', () => connection.interrupt())
      stop?.throwIfAborted()
      await connection.run(table)
      stop?.throwIfAborted()
      await connection.run(sql)
    })
    stop?.throwIfAborted()
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    if (!isVolumeError(error)) throw error
    throw outputError(target, error)
  } finally {
    clearInterval(timer)
  }
  onProgress?.(options.rows, options.rows)
}

/** True for a Parquet file that `writeSample` wrote; false for any other file. */
export const isGenerated = (file: string): Promise<boolean> =>
  withDatabase({ threads: 1, memoryMiB: 128 }, async (connection) => {
    try {
      const found = await queryRows(
        connection,
        `SELECT decode(value) AS value FROM parquet_kv_metadata(${fileLiteral(file)})
        WHERE decode(key) = ${literal(MARK.key)}`,
      )
      return found.some(({ value }) => value === MARK.value)
    } catch {
      // It is not a Parquet file, or one that cannot be read.
      return false
    }
  })

/** True for a full or failing volume, as DuckDB and Node.js report it; others are internal errors. */
const isVolumeError = (error: unknown): boolean =>
  error instanceof Error && (error.message.startsWith('IO Error') || 'syscall' in error)

function watchSize(path: string, rows: number, onProgress: SampleProgress): NodeJS.Timeout {
  return setInterval(() => {
    stat(path).then(
      ({ size }) => onProgress(Math.min(rows, Math.floor(size / BYTES_PER_ROW)), rows),
      () => onProgress(0, rows), // Not created yet, or renamed already.
    )
  }, PROGRESS_MS).unref()
}
