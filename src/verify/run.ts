// Verifies a state: recomputes every subscriber from Parquet independently, and compares.
import { availableParallelism } from 'node:os'
import { openStateToRead, viewState } from '../../state/read.ts'
import { withDatabase, type DuckDBConnection } from '../duckdb.ts'
import { requireUnchanged } from '../parquet/identity/unchanged.ts'
import { readingFiles } from '../parquet/damage.ts'
import { createHasher } from '../parquet/identity/content-hash.ts'
import { openInput, type Input } from '../parquet/input.ts'
import { mapText } from '../record/mapped-columns.ts'
import { AUTO_UNITS, unitsOf, type SourceUnits, type UnitOptions } from '../record/source-units.ts'
import { compareState, type Compared, type VerifyProgress } from './compare.ts'
import { expectedSql, type VerifyOptions } from './expected-sql.ts'
import { matchFiles, type MatchedFile } from './files.ts'
import { createFindings, type Findings } from './findings.ts'
import { decideUnits, type FileUnits } from './units.ts'

const MOST_THREADS = 4
const MEMORY_MIB = 2048
const PROGRESS_MS = 200

/** What a verification relied on for one file. */
export interface ReliedOnFile extends SourceUnits, Omit<FileUnits, 'units'> {
  path: string
  /** Hash of the whole content in hex digits. */
  content: string
  /** The state holds this hash; else only size, footer and samples show that it is the same file. */
  byContent: boolean
}

/** What a verification relied on: its own decisions, and the options that only the state knows. */
export interface ReliedOn extends VerifyOptions {
  files: ReliedOnFile[]
}

/** The result of a verification. */
export type Verification = Compared &
  Pick<Findings, 'differing' | 'differences'> &
  Pick<Input, 'skipped'> & { reliedOn: ReliedOn }

/**
 * Compares the units of all files, all numbers of all subscribers, the totals of all applications,
 * and the counts of rows.
 *
 * @param files files, directories and globs: exactly the sources of the state
 * @param units units and formats of files whose values do not show them
 * @throws PulseError when files and sources are not the same (`matchFiles`), or the unit of a file
 *   cannot be determined (`decideUnits`)
 */
export async function verifyState(
  files: string[],
  stateDirectory: string,
  units: UnitOptions = AUTO_UNITS,
  onProgress: VerifyProgress = () => undefined,
): Promise<Verification> {
  const state = openStateToRead(stateDirectory)
  const view = viewState(state)
  const threads = Math.min(MOST_THREADS, availableParallelism())
  const hasher = createHasher()
  try {
    const limits = { threads, memoryMiB: MEMORY_MIB, spills: true, counts: true }
    return await withDatabase(limits, async (connection) => {
      const input = await openInput(connection, files, { mapped: units.mapped })
      const matched = await matchFiles(input, hasher, view, state.stamp.partitions)
      const { timeZone, missingMsisdn } = state.stamp
      const read = matched.map(({ file }) => file)
      const decided = await readingFiles(connection, read, () =>
        decideUnits(connection, read, timeZone, units),
      )
      const findings = createFindings()
      matched.forEach((one, at) => {
        compareSource(one, decided[at], findings)
      })
      await computeExpected(connection, matched, decided, state.stamp, onProgress)
      requireUnchanged(read, 'nothing was compared')
      const compared = await compareState(connection, view, findings, onProgress)
      const { differing, differences } = findings
      const relied = matched.map(({ file, content, byContent, position }, at) => {
        const { units: own, counts } = decided[at]
        const { shiftDays = 0 } = position ?? {}
        const moved = `times moved by ${shiftDays} days, as the state states`
        const evidence = [decided[at].evidence, ...(shiftDays === 0 ? [] : [moved])].join('; ')
        return { path: file.path, content, byContent, ...own, evidence, counts }
      })
      const reliedOn = { files: relied, timeZone, missingMsisdn }
      return { ...compared, differing, differences, skipped: input.skipped, reliedOn }
    })
  } finally {
    view.finish()
    hasher.close()
    await state.close()
  }
}

/** Compares what the state remembers of a file with what was found anew. */
function compareSource(
  { file, position }: MatchedFile,
  { units, counts }: FileUnits,
  { expect }: Findings,
): void {
  if (position === null) return
  expect(`rows of ${file.path}`, counts.rows, position.rows)
  const stored = unitsOf(position)
  // Without a duration, or without texts, a unit or format makes no difference.
  if (counts.durations > 0) {
    expect(`unit of "Dur. (ms)" in ${file.path}`, units.durationUnit, stored.durationUnit)
  }
  if (units.timeFormat !== null) {
    const what = `order of day and month in ${file.path}`
    expect(what, units.timeFormat, stored.timeFormat ?? 'none')
  }
  for (const [column, format] of Object.entries(units.numberFormats)) {
    const found = stored.numberFormats[column] ?? 'point'
    expect(`decimal separator of "${column}" in ${file.path}`, format ?? 'point', found)
  }
  expect(`map of ${file.path}`, mapText(units.mapped) || 'none', mapText(stored.mapped) || 'none')
  expect(`unit of volumes in ${file.path}`, units.volumeUnit, stored.volumeUnit)
}

/** Makes the table `expected` of all files. */
async function computeExpected(
  connection: DuckDBConnection,
  matched: readonly MatchedFile[],
  decided: readonly FileUnits[],
  options: VerifyOptions,
  onProgress: VerifyProgress,
): Promise<void> {
  const files = matched.map(({ file }) => file)
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  const sources = files.map((file, at) => {
    const { shiftDays = 0 } = matched[at].position ?? {}
    return { file, units: decided[at].units, shiftDays }
  })
  await readingFiles(connection, files, () =>
    runWatched(connection, expectedSql(sources, options), (count) => {
      onProgress('parquet', Math.min(count, rows), rows)
    }),
  )
}

/** Runs a query of a database that counts rows, and reports the number of rows read. */
async function runWatched(
  connection: DuckDBConnection,
  sql: string,
  onRows: (read: number) => void,
): Promise<void> {
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
