// Replays Parquet files into a state directory, from where the last replay ended.
import { performance } from 'node:perf_hooks'
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import type { UnitOptions } from '../../src/record/source-units.ts'
import { openState, type StateOptions, type WritableState } from '../../state/writer.ts'
import { knownSources } from '../../state/known-sources.ts'
import { describeIngest, storesOf } from '../ingest/describe.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { inspectFiles, prepareFiles, withFiles, type FoundFiles } from './run.ts'

/** Options of a replay; all of them can be sent to a thread. */
export interface ReplayOptions extends CommitOptions {
  /** Files, directories and glob patterns. */
  files: readonly string[]
  stateDirectory: string
  state: StateOptions
  units: UnitOptions
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
}

/** A running replay. */
export interface Replay {
  progress(): IngestProgress
  pause(paused: boolean): void
  /** Ends the replay after the rows in hand. */
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
  return withFiles(options.speed, async (connection) => {
    const { stateDirectory, units } = options
    const { timeZone } = options.state
    const known = await knownSources(stateDirectory)
    const found = await inspectFiles(connection, options.files, { timeZone, units, known })
    const start = performance.now()
    const state = await openState(stateDirectory, options.state, 'replay')
    try {
      const restoreSeconds = (performance.now() - start) / 1000
      return await replayInto(state, found, connection, options, restoreSeconds, onReady)
    } finally {
      await state.close()
    }
  })
}

async function replayInto(
  { partitions }: WritableState,
  files: FoundFiles,
  connection: DuckDBConnection,
  options: ReplayOptions,
  restoreSeconds: number,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const stats = createIngestStats(validation, options, CHUNK_ROWS)
  const stop = new AbortController()
  const reading = { speed: options.speed, cutoverMs: null, stop: stop.signal }
  const { ingest, totalRows, run } = prepareFiles(partitions, files, connection, stats, reading)
  const sources = files.sources.map(({ name, durationUnit, evidence }) => {
    return { name, durationUnit, evidence }
  })
  const progress = (): IngestProgress => {
    const { eventTimeMs } = ingest
    const state = stop.signal.aborted ? 'draining' : 'running'
    const own = { state, totalRows, restoreSeconds, eventTimeMs, sources } as const
    return describeIngest(partitions, storesOf(partitions), stats, own)
  }
  onReady({
    progress,
    pause: (paused) => (ingest.paused = paused),
    stop: () => stop.abort(),
  })
  await run()
  return { ...progress(), done: !stop.signal.aborted }
}
