// The sources of a run over files: found, inspected, and identified by what the state has read.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { createHasher, type Hasher } from '../../src/parquet/content-hash.ts'
import { readingFiles } from '../../src/parquet/damage.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import { durationUnitOf } from '../../src/parquet/duration-sample.ts'
import { identifyFiles } from '../../src/parquet/identity.ts'
import { openInput } from '../../src/parquet/input.ts'
import type { Readable } from '../../src/parquet/rows.ts'
import type { SkippedPath } from '../../src/parquet/skipped.ts'
import type { DurationUnit } from '../../src/record/duration-unit.ts'
import { knownFiles } from '../../state/known-sources.ts'
import type { Partition } from '../../state/partition.ts'
import type { StateOptions } from '../../state/writer.ts'

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

/** Inspected files. */
export interface InspectedFiles {
  readables: Readable[]
  units: DurationUnit[]
  /** What the arguments cover and is not read. */
  skipped: SkippedPath[]
}

/** Inspects all files before any is read. @throws PulseError when one of them cannot be read */
export async function inspectFiles(
  connection: DuckDBConnection,
  files: readonly string[],
  { durationUnit, timeZone }: Pick<StateOptions, 'durationUnit' | 'timeZone'>,
): Promise<InspectedFiles> {
  const input = await openInput(connection, files)
  const found: InspectedFiles = { readables: [], units: [], skipped: input.skipped }
  for (const file of input.files) {
    const unit = await readingFiles(connection, [file], () =>
      durationUnitOf(connection, file, durationUnit),
    )
    found.readables.push({ file, reading: { durationUnit: unit.durationUnit, timeZone } })
    found.units.push(unit)
  }
  return found
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

/** Decides which sources the files are, given what the state has read. @throws PulseError */
export async function identifySources(
  { readables, units, skipped }: InspectedFiles,
  partitions: readonly Partition[],
  hasher: Hasher,
): Promise<FoundFiles> {
  const known = knownFiles(partitions.flatMap(({ positions }) => [...positions]))
  const files = readables.map(({ file }) => file)
  const identified = await identifyFiles(files, known, hasher, true)
  const found: FoundFiles = { readables: [], sources: [], skipped: [], notes: identified.notes }
  found.skipped.push(...skipped, ...identified.skipped)
  for (const { file, content } of identified.files) {
    const at = files.findIndex(({ path }) => path === file.path)
    const { id, name, rows, bytes, stamp } = file
    found.readables.push({ file, reading: readables[at].reading })
    found.sources.push({ id, name, rows, bytes, stamp, content, ...units[at] })
  }
  return found
}
