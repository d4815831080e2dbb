// Verifies a state: recomputes every subscriber from Parquet independently, and compares.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStateToRead, viewState, type StateView } from '../../state/read.ts'
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import { requireUnchanged } from '../parquet/unchanged.ts'
import { readingFiles } from '../parquet/damage.ts'
import { createHasher, type Hasher } from '../parquet/content-hash.ts'
import { identifyFiles } from '../parquet/identity.ts'
import { openInput, type Input } from '../parquet/input.ts'
import { knownFiles } from '../../state/known-files.ts'
import { compareState, type Verification, type VerifyProgress } from './compare.ts'
import { expectedSql, type VerifySource } from './expected-sql.ts'

const MOST_THREADS = 4
const MEMORY_MIB = 2048
const PROGRESS_MS = 200

/**
 * Compares all numbers of all subscribers, the totals of all applications, and the counts of rows.
 *
 * @param files files, directories and globs: exactly the sources of the state
 * @throws PulseError `input-missing` when a source of the state is not among the files,
 *   `verify-differs` when the state has not applied a file to its end
 */
export async function verifyState(
  files: string[],
  stateDirectory: string,
  onProgress: VerifyProgress = () => undefined,
): Promise<Verification & Pick<Input, 'skipped'>> {
  const state = openStateToRead(stateDirectory)
  const view = viewState(state)
  const spillDirectory = mkdtempSync(join(tmpdir(), 'xdr-pulse-verify-'))
  const threads = Math.min(MOST_THREADS, availableParallelism())
  const hasher = createHasher()
  try {
    const limits = { threads, memoryMiB: MEMORY_MIB, spillDirectory }
    return await withDatabase(limits, async (connection) => {
      const input = await openInput(connection, files)
      const partitions = state.stamp.partitions
      const sources = await sourcesOf(input, hasher, view, partitions)
      const rows = sources.reduce((sum, { file }) => sum + file.rows, 0)
      const sql = expectedSql(sources, state.stamp)
      const read = sources.map(({ file }) => file)
      await readingFiles(connection, read, () =>
        runWatched(connection, sql, (count) => {
          onProgress('parquet', Math.min(count, rows), rows)
        }),
      )
      requireUnchanged(read, 'nothing was compared')
      return { ...(await compareState(connection, view, onProgress)), skipped: input.skipped }
    })
  } finally {
    view.finish()
    await hasher.close()
    await state.close()
    rmSync(spillDirectory, { recursive: true, force: true })
  }
}

/** Runs a query and reports the number of rows read; DuckDB counts them only with a progress bar. */
async function runWatched(
  connection: DuckDBConnection,
  sql: string,
  onRows: (read: number) => void,
): Promise<void> {
  await connection.run(`SET enable_progress_bar = true; SET enable_progress_bar_print = false;
    SET progress_bar_time = 1`)
  onRows(0)
  const timer = setInterval(() => {
    onRows(Number(connection.progress.rows_processed))
  }, PROGRESS_MS)
  try {
    await connection.run(sql)
  } finally {
    clearInterval(timer)
  }
}

/** The files with the units that the state used; files and state must have the same sources. */
async function sourcesOf(
  input: Input,
  hasher: Hasher,
  { positions }: StateView,
  partitions: number,
): Promise<VerifySource[]> {
  const sources = new Map<string, VerifySource>()
  const known = knownFiles(positions.map(({ source, position }) => [source, position] as const))
  const identified = await identifyFiles(input.files, known, hasher, false)
  input.skipped.push(...identified.skipped)
  for (const { file } of identified.files) {
    const { path } = file
    const read = positions.filter(({ source }) => source === file.id)
    const applied = read.filter(({ position }) => position.next >= file.rows)
    if (applied.length < partitions && file.rows > 0) {
      const next = Math.min(...read.map(({ position }) => position.next))
      const found = read.length < partitions ? 'none' : `the first ${next}`
      throw new PulseError(
        'verify-differs',
        `${path}: the state has applied ${found} of its ${file.rows} rows, expected all; ` +
          'replay the file to its end into this state, or omit it',
      )
    }
    sources.set(file.id, { file, durationUnit: read[0]?.position.durationUnit ?? 'ms' })
  }
  const absent = positions.find(({ source }) => !sources.has(source))
  if (absent !== undefined) {
    throw new PulseError(
      'input-missing',
      `the state holds ${absent.position.next} rows of ${absent.position.name} (content ` +
        `${absent.source}), which is not among the given files; name every file of the state`,
    )
  }
  return [...sources.values()]
}
