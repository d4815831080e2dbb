// The SQL that reads a Parquet file: its rows, with columns out of its structs, and its metadata.
import { fileLiteral, identifier, literal } from '../../duckdb.ts'
import type { FoundPath } from '../../record/column-path.ts'

/** A value within structs as a column of its own. */
export interface NestedColumn {
  /** A name that no column of the file has. */
  name: string
  path: FoundPath
}

/** How DuckDB is to read a Parquet file. */
export interface ReadOptions {
  /** The path of the file. */
  data: string
  /** Text is not marked as text: bytes are read as text. */
  binaryAsString: boolean
  /** Columns to add. DuckDB reads no more of their structs than these. */
  nested: readonly NestedColumn[]
}

/** DuckDB's own column of row numbers. */
export const ROW_COLUMN = 'file_row_number'

/**
 * SQL of the table function that reads a file, with the same options everywhere. Directories such as
 * `Start=5/` in its path do not add columns.
 */
export function readParquet({ data, binaryAsString, nested }: ReadOptions, more = ''): string {
  const file = `read_parquet(${fileLiteral(data)}, binary_as_string = ${binaryAsString},
    hive_partitioning = false${more})`
  if (nested.length === 0) return file
  const added = nested.map(({ name, path }) => `${valueAt(path)} AS ${identifier(name)}`)
  return `(SELECT *, ${added.join(', ')} FROM ${file})`
}

const valueAt = ([first, ...within]: FoundPath): string =>
  within.reduce((value, name) => `struct_extract(${value}, ${literal(name)})`, identifier(first))

/** SQL of a file's rows, with the number of each in its column `rowColumn`. */
export function numberedRows(file: ReadOptions & { rowColumn: string }): string {
  if (file.rowColumn === ROW_COLUMN) return readParquet(file, `, ${ROW_COLUMN} = true`)
  // DuckDB refuses to number the rows of a file that has a column of this name.
  return `(SELECT *, row_number() OVER () - 1 AS ${identifier(file.rowColumn)}
    FROM ${readParquet(file)})`
}

/** SQL of a value of a file's metadata, as base64: neither keys nor values need be text. */
export const metadataOf = (data: string, key: string): string =>
  `SELECT to_base64(value) AS value FROM parquet_kv_metadata(${fileLiteral(data)})
    WHERE key = encode(${literal(key)})`
