// A run over Parquet files into partitions: each file is read from its position.
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { Hasher } from '../../src/parquet/identity/content-hash.ts'
import { stampOf } from '../../src/parquet/identity/fingerprint.ts'
import type { KeyPartitioner } from '../../src/record/topic-keys.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import type { Partition } from '../../state/partition.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import { awaitHashes, beginWatch, checkWatched, createWatch } from './content-watch.ts'
import type { ContentWatch } from './content-watch.ts'
import { createFileIngest, ingestFiles, type FileIngest } from './ingest.ts'
import { createRouter } from './router.ts'
import type { FoundFiles } from './sources.ts'
import type { Folding } from './threads/folding.ts'

/** A prepared run. */
export interface FileRun {
  ingest: FileIngest
  /** Rows of all files. */
  totalRows: number
  /** Reads until the end or a stop; on return all rows that were read are durable. */
  run: () => Promise<void>
}

/** What reads the files: a simulation has its own. */
export interface FileTools extends Pick<ContentWatch, 'hasher' | 'stampOf'> {
  readInFileOrder: (readable: Readable, place: number, from: number) => AsyncGenerator<Delivery>
  readInTimeOrder: (readables: readonly Readable[]) => AsyncGenerator<Delivery>
}

/** Reads the files of this machine. */
export const fileTools = (connection: DuckDBConnection, hasher: Hasher): FileTools => ({
  hasher,
  stampOf,
  readInFileOrder: (readable, place, from) => readInFileOrder(connection, readable, place, from),
  readInTimeOrder: (readables) => readInTimeOrder(connection, readables),
})

/** How files are read. */
export interface FileReading {
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
  /** Rows that start at it (UTC ms) or later belong to a topic; null for no cut-over. */
  cutoverMs: number | null
  /** Which partition a subscriber belongs to. */
  partitioner: KeyPartitioner
  /** Aborted to end the run after the pending rows. */
  stop: AbortSignal
  /** The threads that hold the partitions; absent where the reading one does. */
  folding?: Folding | null
}

/**
 * Prepares to read files into partitions.
 *
 * @throws PulseError `state-options` when a file was begun in another order
 */
export function prepareFiles(
  partitions: readonly Partition[],
  files: FoundFiles,
  tools: FileTools,
  stats: IngestStats,
  { speed, cutoverMs, partitioner, stop, folding = null }: FileReading,
): FileRun {
  const { sources } = files
  const order = orderOf(partitions, sources, speed)
  const routing = { order, capacity: CHUNK_ROWS, cutoverMs, partitioner }
  const router = createRouter(partitions, sources, stats.applier, routing)
  const { hasher, stampOf } = tools
  const watch = createWatch({ sources, partitions, positions: router.positions, hasher, stampOf })
  const ingest = createFileIngest(
    { partitions, sources, router, stats, stop, watch, folding },
    speed,
  )
  return {
    ingest,
    totalRows: sources.reduce((sum, { rows }) => sum + rows, 0),
    run: () => ingestFiles(ingest, sealed(watch, deliveries(tools, watch, files, order, stats))),
  }
}

/**
 * A source that was begun in one order must be finished in it: its position counts rows in order.
 */
function orderOf(
  partitions: readonly Partition[],
  sources: readonly SourceInfo[],
  speed: number | 'max',
): 'file' | 'time' {
  const begun = new Set<'file' | 'time'>()
  for (const { id, rows } of sources) {
    for (const { positions } of partitions) {
      const known = positions.get(id)
      if (known === undefined || known.order === 'offset') continue
      if (known.next > 0 && known.next < rows) begun.add(known.order)
    }
  }
  const wanted = speed === 'max' ? 'file' : 'time'
  if (begun.size === 0) return wanted
  if (begun.size === 1 && (wanted === 'file' || begun.has('time'))) return [...begun][0]
  const how = begun.size === 1 ? '' : ', without the files that a --speed has begun'
  throw new PulseError(
    'state-options',
    'the state directory holds files begun in the order of their rows; expected none, because ' +
      `--speed replays in order of time; finish these files first with --speed max${how}`,
  )
}

/** Deliveries, until the hashes of all files that were read to their end are known. */
async function* sealed(
  watch: ContentWatch,
  source: AsyncGenerator<Delivery | null>,
): AsyncGenerator<Delivery | null> {
  try {
    yield* source
  } catch (error) {
    // A file that changed is the cause of what could not be read.
    checkWatched(watch)
    throw error
  } finally {
    // After a stop, too: a last position without its hash must not be committed.
    await awaitHashes(watch)
  }
}

async function* deliveries(
  tools: FileTools,
  watch: ContentWatch,
  { readables, sources }: FoundFiles,
  order: 'file' | 'time',
  { counters }: IngestStats,
): AsyncGenerator<Delivery | null> {
  const from = sources.map((_, place) => Math.min(...watch.positions.map((of) => of[place].next)))
  const open = readables
    .map((_, place) => place)
    .filter((place) => from[place] < sources[place].rows)
  // Counts rows that are not read again. In order of time, open files are read from their start.
  sources.forEach(({ rows }, place) => {
    const skipped = open.includes(place) ? (order === 'file' ? from[place] : 0) : rows
    counters.rows += skipped
    counters.duplicate += skipped
  })
  if (order === 'time') {
    for (const place of open) beginWatch(watch, place)
    for await (const delivery of tools.readInTimeOrder(open.map((p) => readables[p]))) {
      yield { ...delivery, source: (i) => open[delivery.source(i)] }
    }
    return
  }
  for (const place of open) {
    beginWatch(watch, place)
    yield* tools.readInFileOrder(readables[place], place, from[place])
    await awaitHashes(watch)
    yield null
  }
}
