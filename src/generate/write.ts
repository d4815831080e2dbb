// Writes the synthetic data set as a Parquet file, completely or not at all.
import { access, constants, rename, rm, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { literal, withDatabase } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import { generateSql, sessionsOf, type SampleOptions } from './sample-sql.ts'

/** Rows per row group: DuckDB's default, about 35 MB of columns. */
const ROW_GROUP = 122_880
/** Each thread holds a row group and the column that it compresses. */
const MEMORY_MIB = 1024
const MOST_THREADS = 4
/** Approximate size of a row in the file: progress is estimated from the size of the file. */
const BYTES_PER_ROW = 180
const PROGRESS_MS = 200

/** Receives progress; until the last call the rows are estimated from the size of the file. */
export type SampleProgress = (writtenRows: number, rows: number) => void

/** Limits of the machine's resources; the content does not depend on them. */
export interface SampleLimits {
  threads: number
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
  limits: SampleLimits = { threads: Math.min(MOST_THREADS, availableParallelism()) },
): Promise<void> {
  const target = resolve(outFile)
  await refuseBadTarget(target)
  const partial = `${target}.${process.pid}.part`
  // One byte per row: DuckDB reads a table with all threads, and `rowid` numbers its rows.
  const table = `CREATE TABLE numbers AS SELECT true AS present FROM range(${sessionsOf(options)})`
  const rows = generateSql(options, 'SELECT rowid AS i FROM numbers')
  const sql = `COPY (${rows}) TO ${literal(partial)}
    (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${ROW_GROUP})`
  const timer = onProgress && watchSize(partial, options.rows, onProgress)
  try {
    await withDatabase({ threads: limits.threads, memoryMiB: MEMORY_MIB }, async (connection) => {
      await connection.run(table)
      await connection.run(sql)
    })
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { force: true })
    if (!isVolumeError(error)) throw error
    throw new PulseError(
      'output',
      `${target} could not be written (${messageOf(error)}); check the space and state of its volume`,
      error,
    )
  } finally {
    clearInterval(timer)
  }
  onProgress?.(options.rows, options.rows)
}

/** True for a full or failing volume, as DuckDB and Node.js report it; others are internal errors. */
const isVolumeError = (error: unknown): boolean =>
  error instanceof Error && (error.message.startsWith('IO Error') || 'syscall' in error)

async function refuseBadTarget(target: string): Promise<void> {
  const folder = dirname(target)
  const found = await stat(folder).catch(() => null)
  if (found === null) {
    throw new PulseError('output', `the directory ${folder} does not exist; create it first`)
  }
  if (!found.isDirectory()) {
    throw new PulseError('output', `${folder} is a file, expected a directory; choose another path`)
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new PulseError(
      'output',
      `the directory ${folder} is not writable; check its permissions`,
      error,
    )
  })
  if ((await stat(target).catch(() => null))?.isDirectory() === true) {
    throw new PulseError('output', `${target} is a directory, expected a file name; add one`)
  }
}

function watchSize(path: string, rows: number, onProgress: SampleProgress): NodeJS.Timeout {
  return setInterval(() => {
    stat(path).then(
      ({ size }) => onProgress(Math.min(rows, Math.floor(size / BYTES_PER_ROW)), rows),
      () => onProgress(0, rows), // Not created yet, or renamed already.
    )
  }, PROGRESS_MS).unref()
}
