// The files of a simulated process: read by the real run over files, in portions that the seed chooses.
import { fileTools, prepareFiles, type FileTools } from '../../consumers/files/run.ts'
import type { FoundFiles } from '../../consumers/files/sources.ts'
import { createIngestStats, type IngestStats } from '../../consumers/ingest/ingest-stats.ts'
import { CHUNK_ROWS } from '../../src/duckdb.ts'
import type { Delivery, SourceInfo } from '../../src/parquet/delivery.ts'
import type { Readable } from '../../src/parquet/rows.ts'
import type { FileStamp } from '../../src/record/file-stamp.ts'
import { PLAIN_UNITS } from '../../src/record/source-units.ts'
import { DEFAULT_PARTITIONER } from '../../src/record/topic-keys.ts'
import type { Partition } from '../../state/partition.ts'
import type { SimulatedProcess } from './process.ts'
import { below, columnsOf, type Row } from './rows.ts'
import type { SimulatedFile, World } from './world.ts'

/** A file of a world has no more rows, except one of many subscribers. */
const FEW_ROWS = 200

type Prepared = ReturnType<typeof prepareFiles>

/** A run over the files of a process. */
export interface FilePhase extends Pick<Prepared, 'ingest' | 'run'> {
  stats: IngestStats
}

const stampOf = (name: string, modifiedNs: string): FileStamp => ({
  ...{ path: name, inode: '1', bytes: 1, modifiedNs, changedNs: modifiedNs },
})

const sourceOf = ({ id, name, rows }: SimulatedFile): SourceInfo => ({
  ...{ id, name, rows: rows.length, bytes: 1, columns: 'all', stamp: stampOf(name, '1') },
  ...{ ...PLAIN_UNITS, content: null, durationUnit: 'ms', evidence: 'as the simulation states' },
})

/** Prepares to read the files; with a clock only when all of them may be read in order of time. */
export function prepareFilePhase(one: SimulatedProcess, partitions: Partition[]): FilePhase {
  const { world, stop } = one
  const { random, clock, cutoverMs, files } = world
  // Also the most rows of a delivery: more than a few only where a file has many.
  const most = files.some(({ rows }) => rows.length > FEW_ROWS) ? CHUNK_ROWS : FEW_ROWS
  const stats = createIngestStats({ missingMsisdnZero: false }, one.commit, most, clock)
  const begun = files.some(({ id, rows }) =>
    partitions.some(({ positions }) => {
      const { order = 'time', next = 0 } = positions.get(id) ?? {}
      return order === 'file' && next > 0 && next < rows.length
    }),
  )
  const speed = begun || random() < 0.5 ? ('max' as const) : 1_000_000
  const found = {
    readables: files as unknown as Readable[],
    sources: files.map(sourceOf),
    ...{ skipped: [], notes: [] },
  } satisfies FoundFiles
  const reading = { speed, cutoverMs, partitioner: DEFAULT_PARTITIONER, stop: stop.signal }
  const run = prepareFiles(partitions, found, toolsOf(world), stats, reading)
  if (files.length > 0) noteOrder(world, run.ingest.router.positions.flat(), speed)
  return { ingest: run.ingest, run: run.run, stats }
}

function noteOrder(
  { reached }: World,
  positions: readonly { order: string; next: number; rows: number }[],
  speed: number | 'max',
): void {
  const open = positions.filter(({ next, rows }) => next < rows)
  if (open.some(({ order }) => order === 'time')) reached.add('time-order')
  if (speed === 'max' && open.some(({ order, next }) => order === 'time' && next > 0)) {
    reached.add('order-kept')
  }
}

function toolsOf(world: World): FileTools {
  const { random, clock } = world
  return {
    readInFileOrder: (readable, place, from) =>
      inFileOrder(world, readable as unknown as SimulatedFile, place, from),
    readInTimeOrder: (readables) =>
      inTimeOrder(world, readables as unknown as readonly SimulatedFile[]),
    hasher: {
      hash: async (path) => {
        await clock.sleep(below(random, 100))
        return Buffer.from(path).toString('hex').padEnd(64, '0')
      },
    },
    stampOf: (path) => {
      const changes = random() < world.faults / 10
      if (changes) world.reached.add('file-changed')
      return stampOf(path, changes ? '2' : '1')
    },
  } satisfies ReturnType<typeof fileTools>
}

const chunkRows = ({ random }: World, left: number): number =>
  Math.min(left, left > FEW_ROWS ? CHUNK_ROWS : 1 + below(random, 20))

async function* inFileOrder(
  world: World,
  { rows }: SimulatedFile,
  place: number,
  from: number,
): AsyncGenerator<Delivery> {
  for (let at = from; at < rows.length;) {
    await world.clock.sleep(below(world.random, 20))
    const first = at
    at += chunkRows(world, rows.length - at)
    yield deliveryOf(
      rows.slice(first, at).map((row, i) => ({ row, place, ordinal: first + i, at: first + i })),
      false,
    )
  }
}

async function* inTimeOrder(
  world: World,
  files: readonly SimulatedFile[],
): AsyncGenerator<Delivery> {
  const all = files.flatMap(({ rows, byTime }, place) =>
    byTime.map((at, ordinal) => ({ row: rows[at], place, ordinal, at })),
  )
  all.sort((a, b) => a.row.startMs - b.row.startMs)
  for (let at = 0; at < all.length;) {
    await world.clock.sleep(below(world.random, 20))
    const first = at
    at += chunkRows(world, all.length - at)
    yield deliveryOf(all.slice(first, at), true)
  }
}

interface PlacedRow {
  row: Row
  place: number
  /** Its number in the order of reading, and in the file. */
  ordinal: number
  at: number
}

function deliveryOf(placed: readonly PlacedRow[], inTime: boolean): Delivery {
  return {
    rows: columnsOf(placed.map(({ row }) => row)),
    source: (i) => placed[i].place,
    ordinal: (i) => placed[i].ordinal,
    rowNumber: (i) => placed[i].at,
    isMalformed: (i) => placed[i].row.reason === 'malformed',
    eventTimeMs: inTime ? Float64Array.from(placed, ({ row }) => row.startMs) : null,
  }
}
