// The sources of a run over files: found, inspected, and identified by what the state has read.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { createHasher, type Hasher } from '../../src/parquet/content-hash.ts'
import { columnsId, decideUnits, type DecidedUnits } from '../../src/parquet/decide.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import type { ParquetFile } from '../../src/parquet/files.ts'
import { identifyFiles } from '../../src/parquet/identity.ts'
import { openInput } from '../../src/parquet/input.ts'
import type { Readable } from '../../src/parquet/rows.ts'
import type { SkippedPath } from '../../src/parquet/skipped.ts'
import type { UnitOptions } from '../../src/record/source-units.ts'
import { knownFiles } from '../../state/known-files.ts'
import { knownSources } from '../../state/known-sources.ts'
import type { Partition } from '../../state/partition.ts'

/** Decoding needs little memory; sorting by time needs more, and spills what exceeds it. */
const DECODE_MEMORY_MIB = 384
const SORT_MEMORY_MIB = 1024

/** Runs `work` with a database that decodes files, and spills to the temporary directory, and a hasher. */
export async function withFiles<T>(
  speed: number | 'max',
  work: (connection: DuckDBConnection, hasher: Hasher) => Promise<T>,
): Promise<T> {
  const spillDirectory = mkdtempSync(join(tmpdir(), 'xdr-pulse-'))
  const memoryMiB = speed === 'max' ? DECODE_MEMORY_MIB : SORT_MEMORY_MIB
  const hasher = createHasher()
  try {
    return await withDatabase({ threads: 1, memoryMiB, spillDirectory }, (connection) =>
      work(connection, hasher),
    )
  } finally {
    await hasher.close()
    rmSync(spillDirectory, { recursive: true, force: true })
  }
}

/** How the values of files are read. */
export interface ReadingOptions {
  timeZone: string
  units: UnitOptions
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
): Promise<InspectedFiles> {
  return { ...(await openInput(connection, paths)), decided: null }
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
  { timeZone, units: options }: ReadingOptions,
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
  return {
    readables: files.map((file, at) => ({ file, reading: { ...decided[at].units, timeZone } })),
    sources: identified.files.map(({ file, content }, at) => {
      const { id, name, rows, bytes, stamp } = file
      const { units, evidence } = decided[at]
      const info = { id, name, rows, bytes, columns: columnsId(file), stamp, content }
      return { ...info, ...units, evidence }
    }),
    skipped: [...inspected.skipped, ...identified.skipped],
    notes: identified.notes,
  }
}
