// The history phase: files are applied to the partitions of the state, up to a cut-over.
//
// The cut-over is stored before the first row is applied, so that a run after a crash in either
// phase uses the same one. Rows that start before it belong to the files, later ones to the topic:
// each counts as `excluded` on the other side, and none is counted twice.
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import { lastEventTime, type Readable } from '../../src/parquet/rows.ts'
import type { SourceNote } from '../../src/record/duration-unit.ts'
import type { UnitOptions } from '../../src/record/source-units.ts'
import { knownIn } from '../../state/known-sources.ts'
import type { Partition } from '../../state/partition.ts'
import { readCutover, writeCutover } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import { inspectFiles, prepareFiles, withFiles } from '../files/run.ts'
import { createIngestStats, type CommitOptions, type IngestStats } from '../ingest/ingest-stats.ts'

/** What the history phase needs of a consumer's options. */
export interface HistoryOptions extends CommitOptions {
  /** Files that are applied before the topic is read; none for no history. */
  history: readonly string[]
  /** UTC ms; `auto`: right after the last row of the files. */
  cutover: 'auto' | number
  state: Omit<StateOptions, 'partitions'>
  units: UnitOptions
}

/** A history under way. */
export interface HistoryRun {
  /** Rows of all files. */
  totalRows: number
  sources: SourceNote[]
  stats: IngestStats
}

/**
 * Applies files to all partitions of a state; on return they are durable.
 *
 * @param onReady receives the run before its first row
 * @throws PulseError `state-options` for a state that reads the topic already, or that has another
 *   cut-over; what the files throw
 */
export async function applyHistory(
  partitions: readonly Partition[],
  options: HistoryOptions,
  stop: AbortSignal,
  onReady: (run: HistoryRun) => void,
): Promise<void> {
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const stats = createIngestStats(validation, options, CHUNK_ROWS)
  await withFiles('max', async (connection) => {
    const { timeZone } = options.state
    const known = knownIn(partitions.map(({ positions }) => positions))
    const inspect = { timeZone, units: options.units, known }
    const files = await inspectFiles(connection, options.history, inspect)
    const cutoverMs = await decideCutover(connection, partitions, files.readables, options)
    const reading = { speed: 'max', cutoverMs, stop } as const
    const { totalRows, run } = prepareFiles(partitions, files, connection, stats, reading)
    onReady({ totalRows, sources: files.sources, stats })
    await run()
  })
}

async function decideCutover(
  connection: DuckDBConnection,
  partitions: readonly Partition[],
  readables: readonly Readable[],
  { cutover }: HistoryOptions,
): Promise<number> {
  const [{ store }] = partitions
  const known = readCutover(store)
  if (known !== null) {
    if (cutover !== 'auto' && cutover !== known) throw differs(known, cutover)
    return known
  }
  if (partitions.some(({ positions }) => [...positions.values()].some(isTopic))) throw isLive()
  const wanted = cutover === 'auto' ? await lastEventTime(connection, readables) : cutover
  // A whole millisecond after the last row: rows of the same moment belong to the files.
  const decided = cutover === 'auto' ? Math.floor(wanted) + 1 : wanted
  writeCutover(store, decided)
  return decided
}

const isTopic = ({ kind }: { kind: string }): boolean => kind === 'topic'

const differs = (known: number, asked: number): PulseError =>
  new PulseError(
    'state-options',
    `the state has its cut-over at ${new Date(known).toISOString()}, but --cutover asks for ` +
      `${new Date(asked).toISOString()}; leave it out, or start in another --state directory`,
  )

const isLive = (): PulseError =>
  new PulseError(
    'state-options',
    'the state reads a topic already, and rows of a history may be in it twice; expected a new ' +
      '--state directory: give the history and the topic to it together',
  )
