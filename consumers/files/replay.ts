// Replays Parquet files into a state directory, from where the last replay ended.
import { performance } from 'node:perf_hooks'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { DEFAULT_PARTITIONER } from '../../src/record/topic-keys.ts'
import { unitsOf, type UnitOptions } from '../../src/record/source-units.ts'
import { readCutover } from '../../state/store.ts'
import { hasState, openStores } from '../../state/writer.ts'
import type { StateRequest, WritableState } from '../../state/writer.ts'
import { describeIngest, storesOf } from '../ingest/describe.ts'
import { requireNoTopic } from '../ingest/double-rows.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import type { ShiftTo } from '../../src/parquet/shift.ts'
import { skippedLines } from '../../src/parquet/find/skipped.ts'
import type { Warning } from '../ingest/progress.ts'
import type { Hasher } from '../../src/parquet/identity/content-hash.ts'
import { fileTools, prepareFiles } from './run.ts'
import { decideFirst, identifySources, inspectFiles, withFiles } from './sources.ts'
import type { FoundFiles } from './sources.ts'
import { foldElsewhere, progressOf, type Folding } from './threads/folding.ts'
import { endFolding, loadForFiles } from './threads/start.ts'

/** Options of a replay; all of them can be sent to a thread. */
export interface ReplayOptions extends CommitOptions {
  /** Files, directories and glob patterns. */
  files: readonly string[]
  stateDirectory: string
  state: StateRequest
  units: UnitOptions
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
  /** Ingest threads: one reads and validates all rows, the others hold the partitions. */
  threads: number
  /** The day that the last day of the files becomes; null: times stay as they are. */
  shiftTo?: ShiftTo | null
}

/** A running replay. */
export interface Replay {
  progress(): IngestProgress
  pause(paused: boolean): void
  /** Ends the replay after the pending rows. */
  stop(): void
}

/**
 * Replays files until their end or a stop; on return all rows that were read are durable.
 *
 * @param onReady receives the replay once state and files are open
 * @throws PulseError before any row is read when a file or the state cannot be used
 */
export async function replayFiles(
  options: ReplayOptions,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  return withFiles(options.speed, async (connection, hasher) => {
    const { stateDirectory, units } = options
    const how = { timeZone: options.state.timeZone, units, shiftTo: options.shiftTo ?? null }
    const inspected = await inspectFiles(connection, options.files, units)
    // What cannot be read makes no state.
    if (!hasState(stateDirectory)) await decideFirst(connection, inspected, units)
    const start = performance.now()
    const state = await openToReplay(options)
    let isClosing = false
    // Closing takes a while, in which the progress is still asked for: it is the one reported last.
    const offer = (replay: Replay): void => {
      let reported = replay.progress()
      const progress = () => (isClosing ? reported : (reported = replay.progress()))
      onReady({ ...replay, progress })
    }
    try {
      const positions = state.partitions.map((partition) => partition.positions)
      requireNoTopic(positions, readCutover(state.stores[0]))
      const restoreSeconds = (performance.now() - start) / 1000
      const tools = { connection, hasher }
      const found = await identifySources(inspected, state.partitions, tools, how)
      return await replayInto(state, found, tools, options, restoreSeconds, offer)
    } finally {
      isClosing = true
      await state.close()
    }
  })
}

/** An open state, and the threads that hold its partitions; null where this one does. */
interface ReplayState extends WritableState {
  folding: Folding | null
}

async function openToReplay(options: ReplayOptions): Promise<ReplayState> {
  const { stateDirectory, state: wanted, keepRejected } = options
  const state = await openStores(stateDirectory, wanted, 'replay')
  try {
    const how = { command: 'replay', keepRejected, capacity: CHUNK_ROWS }
    const { folding, partitions } = await loadForFiles(state, options.threads, how)
    if (folding === null) return { ...state, partitions, folding }
    const close = async (): Promise<void> => {
      await endFolding(folding)
      await state.close()
    }
    return { ...state, partitions, folding, close }
  } catch (error) {
    await state.close()
    throw error
  }
}

async function replayInto(
  { partitions, folding }: ReplayState,
  files: FoundFiles,
  { connection, hasher }: { connection: DuckDBConnection; hasher: Hasher },
  options: ReplayOptions,
  restoreSeconds: number,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const destination = folding === null ? undefined : foldElsewhere(folding)
  const stats = createIngestStats(validation, options, CHUNK_ROWS, SYSTEM_CLOCK, destination)
  const stop = new AbortController()
  const own = { cutoverMs: null, partitioner: DEFAULT_PARTITIONER }
  const reading = { speed: options.speed, ...own, stop: stop.signal, folding }
  const { ingest, totalRows, run } = prepareFiles(
    partitions,
    files,
    fileTools(connection, hasher),
    stats,
    reading,
  )
  const sources = files.sources.map((source) => ({ name: source.name, ...unitsOf(source) }))
  const warnings: Warning[] = [
    ...skippedLines(files.skipped).map((message) => ({ level: 'info', message }) as const),
    ...files.notes.map((message) => ({ level: 'warn', message }) as const),
  ]
  const progress = (): IngestProgress => {
    const { eventTimeMs } = ingest
    const state = stop.signal.aborted ? 'draining' : 'running'
    const own = { state, totalRows, restoreSeconds, eventTimeMs, sources, warnings } as const
    const held = folding === null ? {} : progressOf(folding)
    return describeIngest(partitions, storesOf(partitions), stats, { ...own, ...held })
  }
  onReady({
    progress,
    pause: (paused) => (ingest.paused = paused),
    stop: () => stop.abort(),
  })
  await run()
  return { ...progress(), skipped: files.skipped, done: !stop.signal.aborted }
}
