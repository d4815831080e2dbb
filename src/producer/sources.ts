// The files that a run sends, each identified by its whole content.
import type { DuckDBConnection } from '../duckdb.ts'
import { decideUnits } from '../parquet/decide.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { skippedLines } from '../parquet/find/skipped.ts'
import { createHasher } from '../parquet/identity/content-hash.ts'
import { contentId } from '../parquet/identity/identity.ts'
import { openInput } from '../parquet/input.ts'
import type { Readable } from '../parquet/rows.ts'
import type { UnitOptions } from '../record/source-units.ts'
import type { Source } from './progress.ts'

/** What to send, and how it is read. */
export interface SourceOptions {
  /** Files, directories and globs. */
  files: readonly string[]
  units: UnitOptions
  timeZone: string
}

/**
 * Opens files and decides how they are read; of files with the same content the first one.
 *
 * @throws PulseError `input-invalid` for unreadable files and for units that the evidence does not show
 */
export async function openSources(
  connection: DuckDBConnection,
  { files: paths, units, timeZone }: SourceOptions,
  onNote: (sentence: string) => void,
): Promise<{ readables: Readable[]; sources: Source[] }> {
  const files: ParquetFile[] = []
  const ids: string[] = []
  const hasher = createHasher()
  const input = await openInput(connection, paths, { which: 'all', mapped: units.mapped })
  for (const file of input.files) {
    // A topic has no place for a hash that is known later: the whole content is read before.
    const id = contentId(await hasher.hash(file.path, 'sha256'))
    if (ids.includes(id)) {
      input.skipped.push({ path: file.path, reason: 'same-content' })
      continue
    }
    ids.push(id)
    if (file.malformed > 0) {
      onNote(`${file.path}: ${file.malformed} malformed lines are no rows and are not sent`)
    }
    files.push(file)
  }
  hasher.close()
  skippedLines(input.skipped).forEach(onNote)
  const decided = await decideUnits(connection, files, [], units)
  const readables = files.map((file, at) => {
    return { file, reading: { ...decided[at], timeZone } }
  })
  const sources = readables.map(({ file, reading }, at) => ({
    path: file.path,
    id: ids[at],
    formerId: file.id,
    rows: file.rows - file.malformed,
    reading: { ...reading },
  }))
  return { readables, sources }
}
