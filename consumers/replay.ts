// A replay of Parquet files into a state directory, from where the last one ended.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { CHUNK_ROWS, withDatabase, type DuckDBConnection } from '../src/duckdb.ts'
import { PulseError } from '../src/errors.ts'
import { storeBytes } from '../state/store.ts'
import { openState, type StateOptions, type WritableState } from '../state/writer.ts'
import { durationUnitOf } from './duration-unit.ts'
import { createIngest, type Ingest, type IngestOptions } from './ingest.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from './parquet.ts'
import { findFiles, openFile } from './parquet-files.ts'
import type { IngestProgress, LifeState } from './progress.ts'
import { createRouter } from './route.ts'
import type { Delivery, SourceInfo } from './source.ts'
import { createTally, type Tally } from './tally.ts'

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

/** Decoding needs little; only sorting by time needs more, and spills what is beyond it. */
const DECODE_MEMORY_MIB = 384
const SORT_MEMORY_MIB = 1024

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
  const spillDirectory = mkdtempSync(join(tmpdir(), 'xdr-pulse-'))
  const memoryMiB = options.speed === 'max' ? DECODE_MEMORY_MIB : SORT_MEMORY_MIB
  try {
    return await withDatabase({ threads: 1, memoryMiB, spillDirectory }, async (connection) => {
      const found = await inspect(connection, options)
      const start = performance.now()
      const state = await openState(options.stateDirectory, options.state, 'replay')
      try {
        const restoreSeconds = (performance.now() - start) / 1000
        return await replayInto(state, found, connection, options, restoreSeconds, onReady)
      } finally {
        await state.close()
      }
    })
  } finally {
    rmSync(spillDirectory, { recursive: true, force: true })
  }
}

interface Found {
  readables: Readable[]
  sources: SourceInfo[]
}

async function inspect(connection: DuckDBConnection, options: ReplayOptions): Promise<Found> {
  const found: Found = { readables: [], sources: [] }
  const { durationUnit, timeZone } = options.state
  for (const path of findFiles(options.files)) {
    const file = await openFile(connection, path)
    // A copy of a file that comes earlier is the same source.
    if (found.sources.some(({ id }) => id === file.id)) continue
    const unit = await durationUnitOf(connection, file, durationUnit)
    found.readables.push({ file, reading: { durationUnit: unit.durationUnit, timeZone } })
    found.sources.push({
      id: file.id,
      name: file.name,
      rows: file.rows,
      bytes: file.bytes,
      ...unit,
    })
  }
  return found
}

async function replayInto(
  state: WritableState,
  { readables, sources }: Found,
  connection: DuckDBConnection,
  options: ReplayOptions,
  restoreSeconds: number,
  onReady: (replay: Replay) => void,
): Promise<IngestProgress> {
  const { partitions } = state
  const order = orderOf(state, sources, options)
  const cleaning = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const tally = createTally(cleaning, options, CHUNK_ROWS)
  const router = createRouter(partitions, sources, tally.applier, order, CHUNK_ROWS)
  const ingest = createIngest(partitions, sources, router, tally, options.speed)
  const totalRows = sources.reduce((sum, { rows }) => sum + rows, 0)
  let life: LifeState = 'running'
  const progress = (): IngestProgress =>
    report(state, ingest, tally, sources, { life, totalRows, restoreSeconds })
  onReady({
    progress,
    pause: (paused) => (ingest.paused = paused),
    stop: () => {
      ingest.stopping = true
      life = 'draining'
    },
  })
  await ingest.run(deliveries(connection, state, readables, sources, order, tally))
  return { ...progress(), done: !ingest.stopping }
}

/** A source that was begun in one order can only be finished in that order. */
function orderOf(
  { partitions }: WritableState,
  sources: readonly SourceInfo[],
  { speed }: ReplayOptions,
): 'file' | 'time' {
  const begun = new Set<'file' | 'time'>()
  for (const { id, rows } of sources) {
    for (const { positions } of partitions) {
      const known = positions.get(id)
      if (known === undefined || known.order === 'log') continue
      if (known.position > 0 && known.position < rows) begun.add(known.order)
    }
  }
  const wanted = speed === 'max' ? 'file' : 'time'
  if (begun.size === 0) return wanted
  if (begun.size === 1 && (wanted === 'file' || begun.has('time'))) return [...begun][0]
  const how = begun.size === 1 ? '--speed max' : '--speed max, the files begun without it alone'
  throw new PulseError(
    'state-options',
    `the state directory has files begun in the order of their rows, a --speed replays in order ` +
      `of time; finish them first with ${how}`,
  )
}

async function* deliveries(
  connection: DuckDBConnection,
  { partitions }: WritableState,
  readables: readonly Readable[],
  sources: readonly SourceInfo[],
  order: 'file' | 'time',
  { counters }: Tally,
): AsyncGenerator<Delivery> {
  const from = sources.map(({ id }) =>
    Math.min(...partitions.map(({ positions }) => positions.get(id)?.position ?? 0)),
  )
  const open = readables
    .map((_, place) => place)
    .filter((place) => from[place] < sources[place].rows)
  // Rows that will not be read again; in order of time, those of open files are, and are counted.
  sources.forEach(({ rows }, place) => {
    const skipped = open.includes(place) ? (order === 'file' ? from[place] : 0) : rows
    counters.rows += skipped
    counters.duplicate += skipped
  })
  if (order === 'time') {
    for await (const delivery of readInTimeOrder(
      connection,
      open.map((p) => readables[p]),
    )) {
      yield { ...delivery, source: (i) => open[delivery.source(i)] }
    }
    return
  }
  for (const place of open) {
    yield* readInFileOrder(connection, readables[place], place, from[place])
  }
}

function report(
  { partitions }: WritableState,
  ingest: Ingest,
  tally: Tally,
  sources: readonly SourceInfo[],
  known: { life: LifeState; totalRows: number; restoreSeconds: number },
): IngestProgress {
  tally.update()
  const sum = (of: (partition: WritableState['partitions'][number]) => number): number =>
    partitions.reduce((total, partition) => total + of(partition), 0)
  return {
    state: known.life,
    counters: tally.counters,
    observations: tally.observations,
    totalRows: known.totalRows,
    subscribers: sum(({ table }) => table.count),
    dirtySubscribers: sum(({ table }) => table.dirtyCount),
    lastDurableMs: tally.lastDurableMs,
    restoreSeconds: known.restoreSeconds,
    eventTimeMs: ingest.eventTimeMs,
    sources: sources.map(({ name, durationUnit, evidence }) => ({ name, durationUnit, evidence })),
    store: storeBytes(partitions.map(({ store }) => store)),
    done: false,
    consumer: null,
    notices: [],
  }
}
