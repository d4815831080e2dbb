// A replay of Parquet files into a state directory, from where the last one ended.
import { performance } from 'node:perf_hooks'
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { openState, type StateOptions, type WritableState } from '../../state/writer.ts'
import { inspectFiles, prepareFiles, withFiles, type FoundFiles } from './run.ts'
import { filesProgress } from './progress.ts'
import type { IngestOptions } from './loop.ts'
import type { IngestProgress, LifeState } from '../ingest/progress.ts'
import { createIngestStats } from '../ingest/ingest-stats.ts'

export interface ReplayOptions extends IngestOptions {
  files: readonly string[]
  stateDirectory: string
  state: StateOptions
}

/** A replay as others see it while it runs. */
export interface Replay {
  progress(): IngestProgress
  pause(paused: boolean): void
  stop(): void
}

/**
 * Replays files until their end or a stop; on return everything dealt with is durable.
 *
 * @param onReady is given the replay once state and files are open
 * @throws PulseError before anything is touched when a file cannot be replayed
 */
export async function replayFiles(
  options: ReplayOptions,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  return withFiles(options.speed, async (connection) => {
    const found = await inspectFiles(connection, options.files, options.state)
    const start = performance.now()
    const state = await openState(options.stateDirectory, options.state, 'replay')
    try {
      const restoreSeconds = (performance.now() - start) / 1000
      return await replayInto(state, found, connection, options, restoreSeconds, onReady)
    } finally {
      await state.close()
    }
  })
}

async function replayInto(
  state: WritableState,
  files: FoundFiles,
  connection: DuckDBConnection,
  options: ReplayOptions,
  restoreSeconds: number,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const stats = createIngestStats(validation, options, CHUNK_ROWS)
  const how = { speed: options.speed, cutoverMs: null }
  const { ingest, totalRows, run } = prepareFiles(state.partitions, files, connection, stats, how)
  let life: LifeState = 'running'
  const sources = files.sources.map(({ name, durationUnit, evidence }) => {
    return { name, durationUnit, evidence }
  })
  const progress = (): IngestProgress => {
    const { eventTimeMs } = ingest
    const known = { state: life, totalRows, restoreSeconds, eventTimeMs, sources }
    return filesProgress(state.partitions, stats, known)
  }
  onReady({
    progress,
    pause: (paused) => (ingest.paused = paused),
    stop: () => {
      ingest.stopping = true
      life = 'draining'
    },
  })
  await run()
  return { ...progress(), done: !ingest.stopping }
}
