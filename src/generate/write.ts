// Writes the synthetic data set as a Parquet file, whole or not at all.
import { access, constants, rename, rm, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { literal, withDatabase } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import { generateSql, sessionsOf, type SampleOptions } from './sample-sql.ts'

/** Rows of a row group: DuckDB's own default, about 35 MB of columns. */
const ROW_GROUP = 122_880
/** Bounds what threads may hold at once: a row group each, and what is being compressed. */
const MEMORY_MIB = 1024
const MOST_THREADS = 4
/** What a row takes in the file, for telling progress by the size of what is written. */
const BYTES_PER_ROW = 180
const PROGRESS_MS = 200

/** How far writing has come: rows are estimated from the file's size until the last call. */
export type SampleProgress = (writtenRows: number, rows: number) => void

/** What the machine may spend; the content does not depend on it. */
export interface SampleLimits {
  threads: number
}

/**
 * Writes a Parquet file of `options.rows` rows to `outFile`, replacing what is there. Throws a
 * PulseError `output` when the folder is missing, not writable or full.
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
  // One byte a row: a table is read by all threads, and `rowid` counts it.
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
    if (!isOutputTrouble(error)) throw error
    throw new PulseError('output', `${target} could not be written: ${messageOf(error)}`, error)
  } finally {
    clearInterval(timer)
  }
  onProgress?.(options.rows, options.rows)
}

/** A full or failing volume, as DuckDB or Node says it; all else is our own bug. */
const isOutputTrouble = (error: unknown): boolean =>
  error instanceof Error && (error.message.startsWith('IO Error') || 'syscall' in error)

async function refuseBadTarget(target: string): Promise<void> {
  const folder = dirname(target)
  const found = await stat(folder).catch(() => null)
  if (found === null) {
    throw new PulseError('output', `the folder ${folder} does not exist; make it first`)
  }
  if (!found.isDirectory()) {
    throw new PulseError('output', `${folder} is a file, expected a folder to write into`)
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new PulseError('output', `the folder ${folder} is not writable`, error)
  })
  if ((await stat(target).catch(() => null))?.isDirectory() === true) {
    throw new PulseError('output', `${target} is a folder, expected the name of a file`)
  }
}

function watchSize(path: string, rows: number, onProgress: SampleProgress): NodeJS.Timeout {
  return setInterval(() => {
    stat(path).then(
      ({ size }) => onProgress(Math.min(rows, Math.floor(size / BYTES_PER_ROW)), rows),
      () => onProgress(0, rows), // not begun, or just renamed
    )
  }, PROGRESS_MS).unref()
}
