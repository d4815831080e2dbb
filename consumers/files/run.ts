// A run over Parquet files into partitions: looked at first, then read from where they were left.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHUNK_ROWS, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { Partition } from '../../state/partition.ts'
import type { StateOptions } from '../../state/writer.ts'
import { createIngest, type Ingest } from './loop.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { durationUnitOf } from '../../src/parquet/duration-sample.ts'
import { findFiles, openFile } from '../../src/parquet/files.ts'
import { createRouter } from './router.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'

/** Decoding needs little; only sorting by time needs more, and spills what is beyond it. */
const DECODE_MEMORY_MIB = 384
const SORT_MEMORY_MIB = 1024

/** Works with a database that decodes files, and spills what it sorts to the temporary directory. */
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

/** Files as they were looked at, each once. */
export interface FoundFiles {
  readables: Readable[]
  sources: SourceInfo[]
}

/** Looks at all files before any is read. @throws PulseError when one cannot be read */
export async function inspectFiles(
  connection: DuckDBConnection,
  files: readonly string[],
  { durationUnit, timeZone }: Pick<StateOptions, 'durationUnit' | 'timeZone'>,
): Promise<FoundFiles> {
  const found: FoundFiles = { readables: [], sources: [] }
  for (const path of findFiles(files)) {
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

export interface FileRun {
  ingest: Ingest
  /** Rows of all files. */
  totalRows: number
  /** Reads until the end or a stop; on return all that was dealt with is durable. */
  run: () => Promise<void>
}

/**
 * Prepares reading files into partitions.
 *
 * @param how `cutoverMs`: rows that start at it or later are another source's; null for none
 * @throws PulseError `state-options` when a file was begun in another order
 */
export function prepareFiles(
  partitions: readonly Partition[],
  files: FoundFiles,
  connection: DuckDBConnection,
  stats: IngestStats,
  { speed, cutoverMs }: { speed: number | 'max'; cutoverMs: number | null },
): FileRun {
  const { sources } = files
  const order = orderOf(partitions, sources, speed)
  const router = createRouter(partitions, sources, stats.applier, order, CHUNK_ROWS, cutoverMs)
  const ingest = createIngest(partitions, sources, router, stats, speed)
  return {
    ingest,
    totalRows: sources.reduce((sum, { rows }) => sum + rows, 0),
    run: () => ingest.run(deliveries(connection, partitions, files, order, stats)),
  }
}

/** A source that was begun in one order can only be finished in that order. */
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
  const how = begun.size === 1 ? '--speed max' : '--speed max, the files begun without it alone'
  throw new PulseError(
    'state-options',
    `the state directory has files begun in the order of their rows, a --speed replays in order ` +
      `of time; finish them first with ${how}`,
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
