// The input of a run: the files that its arguments name, opened and checked, and what is not read.
import type { DuckDBConnection } from '../duckdb.ts'
import type { ConvertedColumns } from './csv.ts'
import { openFile, type ParquetFile } from './files.ts'
import { findFiles } from './find.ts'
import type { SkippedPath } from './skipped.ts'

/** Files that were opened and checked. */
export interface Input {
  files: ParquetFile[]
  /** What the arguments cover and is not read. */
  skipped: SkippedPath[]
}

/**
 * Opens the files of all arguments.
 *
 * @param which the columns of CSV files that are needed
 * @throws PulseError when one of them cannot be used
 */
export async function openInput(
  connection: DuckDBConnection,
  patterns: readonly string[],
  which: ConvertedColumns = 'used',
): Promise<Input> {
  const { files: found, skipped } = findFiles(patterns)
  const files: ParquetFile[] = []
  for (const { path, format } of found) files.push(await openFile(connection, path, format, which))
  return { files, skipped }
}
