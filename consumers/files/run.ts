// A run over Parquet files into partitions: all are inspected, then each is read from its position.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHUNK_ROWS, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { Partition } from '../../state/partition.ts'
import type { KnownSource, UnitOptions } from '../../src/record/source-units.ts'
import { createFileIngest, ingestFiles, type FileIngest } from './ingest.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { columnsId, decideUnits } from '../../src/parquet/decide.ts'
import { findFiles, openFile, type ParquetFile } from '../../src/parquet/files.ts'
import { createRouter } from './router.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'

/** Decoding needs little memory; sorting by time needs more, and spills what exceeds it. */
const DECODE_MEMORY_MIB = 384
const SORT_MEMORY_MIB = 1024

/** Runs `work` with a database that decodes files and spills to the temporary directory. */
export async function withFiles<T>(
  speed: number | 'max',
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const spillDirectory = mkdtempSync(join(tmpdir(), 'xdr-pulse-'))
  const memoryMiB = speed === 'max' ? DECODE_MEMORY_MIB : SORT_MEMORY_MIB
  try {
    return await withDatabase({ threads: 1, memoryMiB, spillDirectory }, work)
  } finally {
    rmSync(spillDirectory, { recursive: true, force: true })
  }
}

/** Inspected files, each content once. */
export interface FoundFiles {
  /** How to read each source. */
  readables: Readable[]
  sources: SourceInfo[]
}

/** How the files of a run are read. */
export interface InspectOptions {
  timeZone: string
  units: UnitOptions
  /** The sources of the state. */
  known: readonly KnownSource[]
}

/**
 * Inspects all files before any is read, and decides how each is read.
 *
 * @throws PulseError when one of them cannot be read, or its units cannot be determined
 */
export async function inspectFiles(
  connection: DuckDBConnection,
  paths: readonly string[],
  { timeZone, units: options, known }: InspectOptions,
): Promise<FoundFiles> {
  const files: ParquetFile[] = []
  for (const path of findFiles(paths)) {
    const file = await openFile(connection, path)
    // A copy of an earlier file is the same source.
    if (!files.some(({ id }) => id === file.id)) files.push(file)
  }
  const decided = await decideUnits(connection, files, known, options)
  return {
    readables: files.map((file, at) => ({ file, reading: { ...decided[at].units, timeZone } })),
    sources: files.map((file, at) => {
      const { id, name, rows, bytes } = file
      const { units, evidence } = decided[at]
      return { id, name, rows, bytes, columns: columnsId(file), ...units, evidence }
    }),
  }
}

/** A prepared run. */
export interface FileRun {
  ingest: FileIngest
  /** Rows of all files. */
  totalRows: number
  /** Reads until the end or a stop; on return all rows that were read are durable. */
  run: () => Promise<void>
}

/** How files are read. */
export interface FileReading {
  /** Event time at this multiple of real time, or as fast as possible. */
  speed: number | 'max'
  /** Rows that start at it (UTC ms) or later belong to a topic; null for no cut-over. */
  cutoverMs: number | null
  /** Aborted to end the run after the rows in hand. */
  stop: AbortSignal
}

/**
 * Prepares to read files into partitions.
 *
 * @throws PulseError `state-options` when a file was begun in another order
 */
export function prepareFiles(
  partitions: readonly Partition[],
  files: FoundFiles,
  connection: DuckDBConnection,
  stats: IngestStats,
  { speed, cutoverMs, stop }: FileReading,
): FileRun {
  const { sources } = files
  const order = orderOf(partitions, sources, speed)
  const routing = { order, capacity: CHUNK_ROWS, cutoverMs }
  const router = createRouter(partitions, sources, stats.applier, routing)
  const ingest = createFileIngest({ partitions, sources, router, stats, stop }, speed)
  return {
    ingest,
    totalRows: sources.reduce((sum, { rows }) => sum + rows, 0),
    run: () => ingestFiles(ingest, deliveries(connection, partitions, files, order, stats)),
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

async function* deliveries(
  connection: DuckDBConnection,
  partitions: readonly Partition[],
  { readables, sources }: FoundFiles,
  order: 'file' | 'time',
  { counters }: IngestStats,
): AsyncGenerator<Delivery> {
  const from = sources.map(({ id }) =>
    Math.min(...partitions.map(({ positions }) => positions.get(id)?.next ?? 0)),
  )
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
