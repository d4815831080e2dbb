// The sources of a run over files: found, inspected, and identified by what the state has read.
import { withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { createHasher, type Hasher } from '../../src/parquet/identity/content-hash.ts'
import { columnsId, decideUnits } from '../../src/parquet/decide.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import type { ParquetFile } from '../../src/parquet/files.ts'
import { identifyFiles } from '../../src/parquet/identity/identity.ts'
import { openInput } from '../../src/parquet/input.ts'
import type { ShiftTo } from '../../src/parquet/shift.ts'
import type { Readable } from '../../src/parquet/rows.ts'
import type { SkippedPath } from '../../src/parquet/find/skipped.ts'
import type { DecidedUnits, UnitOptions } from '../../src/record/source-units.ts'
import { knownFiles } from '../../state/known-files.ts'
import { knownSources } from '../../state/known-sources.ts'
import type { Partition } from '../../state/partition.ts'
import { shiftsOf } from './shift.ts'

/** Decoding needs little memory; sorting by time needs more, and spills what exceeds it. */
const DECODE_MEMORY_MIB = 384
const SORT_MEMORY_MIB = 1024

/** Runs `work` with a database that decodes files, and spills to the temporary directory, and a hasher. */
export async function withFiles<T>(
  speed: number | 'max',
  work: (connection: DuckDBConnection, hasher: Hasher) => Promise<T>,
): Promise<T> {
  const memoryMiB = speed === 'max' ? DECODE_MEMORY_MIB : SORT_MEMORY_MIB
  const hasher = createHasher()
  try {
    return await withDatabase({ threads: 1, memoryMiB, spills: true }, (connection) =>
      work(connection, hasher),
    )
  } finally {
    hasher.close()
  }
}

/** How the values of files are read. */
export interface ReadingOptions {
  timeZone: string
  units: UnitOptions
  /** The day that the last day of the files becomes; null: times stay as they are. */
  shiftTo?: ShiftTo | null
}

/** Opened files. */
export interface InspectedFiles {
  files: ParquetFile[]
  /** What the arguments cover and is not read. */
  skipped: SkippedPath[]
  /** By path: decisions on units that no known source takes part in; null before there are any. */
  decided: ReadonlyMap<string, DecidedUnits> | null
}

/** Opens all files before any is read. @throws PulseError when one of them cannot be read */
export async function inspectFiles(
  connection: DuckDBConnection,
  paths: readonly string[],
  { mapped }: UnitOptions,
): Promise<InspectedFiles> {
  return { ...(await openInput(connection, paths, { mapped })), decided: null }
}

/**
 * Decides on units for a state that does not exist yet, so that a refusal makes none.
 *
 * @throws PulseError as `decideUnits`
 */
export async function decideFirst(
  connection: DuckDBConnection,
  inspected: InspectedFiles,
  units: UnitOptions,
): Promise<void> {
  const { files } = inspected
  const decided = await decideUnits(connection, files, [], units)
  inspected.decided = new Map(files.map(({ path }, at) => [path, decided[at]]))
}

/** Files with the sources that they are, each content once. */
export interface FoundFiles {
  /** How to read each source. */
  readables: Readable[]
  sources: SourceInfo[]
  skipped: SkippedPath[]
  /** Sentences on what is read otherwise than a name suggests. */
  notes: string[]
}

/**
 * Decides which sources the files are, given what the state has read, and how each is read.
 *
 * @throws PulseError when a file has changed, or its units cannot be determined
 */
export async function identifySources(
  inspected: InspectedFiles,
  partitions: readonly Partition[],
  { connection, hasher }: { connection: DuckDBConnection; hasher: Hasher },
  { timeZone, units: options, shiftTo = null }: ReadingOptions,
): Promise<FoundFiles> {
  const positions = partitions.map((partition) => partition.positions)
  const read = knownFiles(positions.flatMap((of) => [...of]))
  const identified = await identifyFiles(inspected.files, read, hasher, true)
  const files = identified.files.map(({ file }) => file)
  const known = knownSources(positions)
  const first = known.length === 0 ? inspected.decided : null
  const decided =
    first === null
      ? await decideUnits(connection, files, known, options)
      : files.map(({ path }) => first.get(path) as DecidedUnits)
  const plain = files.map((file, at) => ({ file, reading: { ...decided[at], timeZone } }))
  const notes = [...identified.notes]
  const shifts = await shiftsOf(connection, plain, partitions, shiftTo, timeZone, notes)
  return {
    readables: plain.map(({ file, reading }, at) => {
      return { file, reading: { ...reading, shiftDays: shifts[at] } }
    }),
    sources: identified.files.map(({ file, content }, at) => {
      const { id, name, rows, bytes, stamp } = file
      const info = { id, name, rows, bytes, columns: columnsId(file), stamp, content }
      const shift = shifts[at] === 0 ? {} : { shiftDays: shifts[at] }
      return { ...info, ...decided[at], ...shift }
    }),
    skipped: [...inspected.skipped, ...identified.skipped],
    notes,
  }
}
