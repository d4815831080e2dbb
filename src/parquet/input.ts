// The input of a run: the files that its arguments name, each content once, and what is not read.
import type { DuckDBConnection } from '../duckdb.ts'
import { openFile, type ParquetFile } from './files.ts'
import { findFiles } from './find.ts'
import type { SkippedPath } from './skipped.ts'

/** Files that were opened and checked. */
export interface Input {
  files: ParquetFile[]
  /** What the arguments cover and is not read. */
  skipped: SkippedPath[]
}

/** Opens the files of all arguments. @throws PulseError when one of them cannot be used */
export async function openInput(
  connection: DuckDBConnection,
  patterns: readonly string[],
): Promise<Input> {
  const { files: found, skipped } = findFiles(patterns)
  const files: ParquetFile[] = []
  for (const { path, format } of found) {
    const file = await openFile(connection, path, format)
    // A copy of an earlier file is the same source.
    if (files.some(({ id }) => id === file.id)) skipped.push({ path, reason: 'same-content' })
    else files.push(file)
  }
  return { files, skipped }
}
