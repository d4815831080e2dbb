// The input of a run: the files that its arguments name, opened and checked, and what is not read.
import type { DuckDBConnection } from '../duckdb.ts'
import { openFile, type Opening, type ParquetFile } from './files.ts'
import { findFiles } from './find/find.ts'
import type { SkippedPath } from './find/skipped.ts'

/** Files that were opened and checked. */
export interface Input {
  files: ParquetFile[]
  /** What the arguments cover and is not read. */
  skipped: SkippedPath[]
}

/**
 * Opens the files of all arguments.
 *
 * @throws PulseError when one of them cannot be used
 */
export async function openInput(
  connection: DuckDBConnection,
  patterns: readonly string[],
  asked: Partial<Opening>,
): Promise<Input> {
  const { files: found, skipped } = findFiles(patterns)
  const files: ParquetFile[] = []
  for (const { path, format } of found)
    files.push(await openFile(connection, path, { ...asked, format }))
  return { files, skipped }
}
