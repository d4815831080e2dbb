// A run over Parquet files into partitions: all are inspected, then each is read from its position.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHUNK_ROWS, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { Partition } from '../../state/partition.ts'
import type { StateOptions } from '../../state/writer.ts'
import { createFileIngest, ingestFiles, type FileIngest } from './ingest.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { durationUnitOf } from '../../src/parquet/duration-sample.ts'
import { findFiles, openFile } from '../../src/parquet/files.ts'
import type { KeyPartitioner } from '../../src/record/topic-keys.ts'
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

/** Inspects all files before any is read. @throws PulseError when one of them cannot be read */
export async function inspectFiles(
  connection: DuckDBConnection,
  files: readonly string[],
  { durationUnit, timeZone }: Pick<StateOptions, 'durationUnit' | 'timeZone'>,
): Promise<FoundFiles> {
  const found: FoundFiles = { readables: [], sources: [] }
  for (const path of findFiles(files)) {
    const file = await openFile(connection, path)
    // A copy of an earlier file is the same source.
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
  /** Which partition a subscriber belongs to. */
  partitioner: KeyPartitioner
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
  { speed, cutoverMs, partitioner, stop }: FileReading,
): FileRun {
  const { sources } = files
  const order = orderOf(partitions, sources, speed)
  const routing = { order, capacity: CHUNK_ROWS, cutoverMs, partitioner }
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
