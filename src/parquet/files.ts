// One file of a run: identified, its schema read, and checked before anything is applied.
import { basename } from 'node:path'
import type { DuckDBConnection } from '../duckdb.ts'
import type { FileStamp } from '../record/file-stamp.ts'
import type { MappedColumns } from '../record/mapped-columns.ts'
import { pathOf, placeColumns, unusedName, type PlacedColumns } from './placed-columns.ts'
import { convertCsv, type ConvertedColumns } from './csv/csv.ts'
import { formatOf, type FileFormat } from './file-kind.ts'
import { fingerprint } from './identity/fingerprint.ts'
import { hasUnmarkedText, readSchema, requireCodecs, typesOf } from './schema.ts'
import { requireType } from './sql/column-types.ts'
import { ROW_COLUMN, type ReadOptions } from './sql/read-parquet.ts'

/** A file that can be replayed. */
export interface ParquetFile extends ReadOptions, Pick<PlacedColumns, 'columns' | 'mapped'> {
  /** Identity by content, 32 hex digits: its fingerprint, or its whole content where that is known. */
  id: string
  path: string
  /** Base name, for display. */
  name: string
  bytes: number
  rows: number
  /** The last rows, in number, are malformed lines of a CSV file, which are rejected. */
  malformed: number
  /** DuckDB's type of each used column, by canonical name. */
  types: ReadonlyMap<string, string>
  /** What shows that the file was replaced or changed since it was opened. */
  stamp: FileStamp
  /** The name under which `numberedRows` gives the row's number. */
  rowColumn: string
}

/** What is asked of a file. */
export interface Opening {
  format: FileFormat
  /** The columns of a CSV file that are needed. */
  which: ConvertedColumns
  mapped: MappedColumns
}

/**
 * Checks a file and reads its schema; converts a CSV file.
 *
 * @throws PulseError `input-invalid`, `input-column`
 */
export async function openFile(
  connection: DuckDBConnection,
  path: string,
  asked: Partial<Opening> = {},
): Promise<ParquetFile> {
  const { format = formatOf(path) ?? 'parquet', which = 'used', mapped: map = {} } = asked
  const { id, stamp } = fingerprint(path, format)
  const converted = format === 'csv' ? await convertCsv(connection, path, which, map) : null
  const data = converted?.data ?? path
  const { fields, rows, codecs } = await readSchema(connection, path, data)
  const { columns, mapped, nested } = placeColumns(path, fields, map)
  const binaryAsString = hasUnmarkedText(fields, columns, nested)
  const read = { data, nested, binaryAsString }
  const found = await typesOf(connection, path, read)
  const types = new Map<string, string>()
  for (const [canonical, name] of columns) {
    const type = found.get(name) ?? ''
    requireType(path, canonical, name, type)
    types.set(canonical, type)
  }
  const used = [...columns.values()].map((name) => pathOf(name, nested))
  requireCodecs(path, codecs, used)
  return {
    ...{ id, path, ...read, name: basename(path), bytes: stamp.bytes, stamp },
    ...{ columns, mapped, types, rows },
    malformed: converted?.malformed ?? 0,
    rowColumn: unusedName(ROW_COLUMN, [...found.keys()]),
  }
}
