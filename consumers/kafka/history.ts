// The history phase: files are applied to the partitions of the state, up to a cut-over.
//
// The cut-over is stored before the first row is applied, so that a run after a crash in either
// phase uses the same one. Rows that start before it belong to the files, later ones to the topic:
// each counts as `excluded` on the other side, and none is counted twice.
import { performance } from 'node:perf_hooks'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import { lastEventTime } from '../../src/parquet/rows.ts'
import { skippedLines } from '../../src/parquet/find/skipped.ts'
import type { SourceNote, UnitOptions } from '../../src/record/source-units.ts'
import type { Partition } from '../../state/partition.ts'
import { DEFAULT_PARTITIONER, isDefault, type KeyPartitioner } from '../../src/record/topic-keys.ts'
import { readCutover, readPartitioner, writeCutover } from '../../state/store.ts'
import type { StateOptions, StateStores } from '../../state/writer.ts'
import { fileTools, prepareFiles } from '../files/run.ts'
import { identifySources, inspectFiles, withFiles, type FoundFiles } from '../files/sources.ts'
import { foldElsewhere } from '../files/threads/folding.ts'
import { endFolding, loadForFiles, type LoadedForFiles } from '../files/threads/start.ts'
import { requireNewHistory } from '../ingest/double-rows.ts'
import type { ChosenPartitioner, PartitionerOption } from './history-keys.ts'
import { createIngestStats, type CommitOptions, type IngestStats } from '../ingest/ingest-stats.ts'
import type { Warnings } from '../ingest/warnings.ts'

/** What the history phase needs of a consumer's options. */
export interface HistoryOptions extends CommitOptions {
  /** Files that are applied before the topic is read; none for no history. */
  history: readonly string[]
  /** UTC ms; `auto`: right after the last row of the files. */
  cutover: 'auto' | number
  /** The partitioner of the topic; `auto` determines it from the keys. */
  partitioner: PartitionerOption
  state: Omit<StateOptions, 'partitions'>
  units: UnitOptions
}

/** A history under way. */
export interface HistoryRun extends LoadedForFiles {
  /** Time that it took to load the partitions. */
  restoreSeconds: number
  /** Rows of all files. */
  totalRows: number
  sources: SourceNote[]
  stats: IngestStats
}

/** What the history phase needs of its consumer. */
export interface HistoryContext {
  state: StateStores
  /** Ingest threads: one reads the files, the others hold the partitions meanwhile. */
  threads: number
  /** Aborted to end the phase after the pending rows. */
  stop: AbortSignal
  warnings: Warnings
  /** Determines the partitioner of the topic; null after a stop. */
  choose: () => Promise<ChosenPartitioner | null>
}

/**
 * Applies files to all partitions of a state; on return they are durable.
 *
 * @returns the partitions that this thread holds, by number; none where other threads held them
 * @throws PulseError `state-options` for a state that reads the topic already, or that has another
 *   cut-over; what the files throw
 */
export async function applyHistory(
  options: HistoryOptions,
  context: HistoryContext,
  onReady: (run: HistoryRun) => void,
): Promise<Map<number, Partition>> {
  const start = performance.now()
  const how = { command: 'run', keepRejected: options.keepRejected, capacity: CHUNK_ROWS }
  const loaded = await loadForFiles(context.state, context.threads, how)
  const restoreSeconds = (performance.now() - start) / 1000
  const { partitions, folding } = loaded
  try {
    await applyFiles(loaded, options, context, (run) => onReady({ ...run, restoreSeconds }))
  } finally {
    if (folding !== null) await endFolding(folding)
  }
  if (folding !== null) return new Map()
  return new Map(partitions.map((partition) => [partition.store.partition, partition]))
}

/** @param onReady receives the run before its first row */
async function applyFiles(
  { partitions, folding }: LoadedForFiles,
  options: HistoryOptions,
  { stop, warnings, choose }: HistoryContext,
  onReady: (run: Omit<HistoryRun, 'restoreSeconds'>) => void,
): Promise<void> {
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const destination = folding === null ? undefined : foldElsewhere(folding)
  const stats = createIngestStats(validation, options, CHUNK_ROWS, SYSTEM_CLOCK, destination)
  await withFiles('max', async (connection, hasher) => {
    const how = { timeZone: options.state.timeZone, units: options.units }
    const inspected = await inspectFiles(connection, options.history, options.units)
    const tools = { connection, hasher }
    const files = await identifySources(inspected, partitions, tools, how)
    files.notes.forEach((note) => warnings.info(note))
    skippedLines(files.skipped).forEach((line) => warnings.info(line))
    const division = await decideDivision(connection, partitions, files, options, choose)
    if (stop.aborted || division === null) return
    const reading = { speed: 'max', ...division, stop, folding } as const
    const { totalRows, run } = prepareFiles(
      partitions,
      files,
      fileTools(connection, hasher),
      stats,
      reading,
    )
    onReady({ partitions, folding, totalRows, sources: files.sources, stats })
    await run()
  })
}

/** Returns cut-over and partitioner, those of an earlier run if there was one; null after a stop. */
async function decideDivision(
  connection: DuckDBConnection,
  partitions: readonly Partition[],
  { readables, sources }: FoundFiles,
  { cutover }: HistoryOptions,
  choose: () => Promise<ChosenPartitioner | null>,
): Promise<{ cutoverMs: number; partitioner: KeyPartitioner } | null> {
  const [{ store }] = partitions
  const known = readCutover(store)
  if (known !== null) {
    if (cutover !== 'auto' && cutover !== known) throw differs(known, cutover)
    // Former versions divided by the default partitioner.
    return { cutoverMs: known, partitioner: readPartitioner(store) ?? DEFAULT_PARTITIONER }
  }
  const ids = new Set(sources.map(({ id }) => id))
  const positions = partitions.map((partition) => partition.positions)
  requireNewHistory(positions, ids, cutover === 'auto')
  const chosen = await choose()
  if (chosen === null) return null
  const { partitioner } = chosen
  // Rows that were replayed before are divided by the default partitioner.
  if (partitions.length > 1 && !isDefault(partitioner)) requireNewHistory(positions, ids, false)
  const wanted = cutover === 'auto' ? await lastEventTime(connection, readables) : cutover
  // A whole millisecond after the last row: rows of the same moment belong to the files.
  const decided = cutover === 'auto' ? Math.floor(wanted) + 1 : wanted
  writeCutover(store, decided, partitioner)
  return { cutoverMs: decided, partitioner }
}

const differs = (known: number, asked: number): PulseError =>
  new PulseError(
    'state-options',
    `the state has its cut-over at ${new Date(known).toISOString()}, but --cutover asks for ` +
      `${new Date(asked).toISOString()}; leave it out, or start in another --state directory`,
  )
