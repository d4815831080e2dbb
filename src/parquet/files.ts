// One file of a run: identified, its schema read, and checked before anything is applied.
import { basename } from 'node:path'
import { identifier, literal, queryRows, type DuckDBConnection } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import { canonicalName, matchColumns, type ColumnMap } from '../record/column-names.ts'
import type { FileStamp } from '../record/file-stamp.ts'
import { requireType } from './column-types.ts'
import { convertCsv, type ConvertedColumns } from './csv.ts'
import { formatOf, type FileFormat } from './file-kind.ts'
import { fingerprint } from './fingerprint.ts'

/** A file that can be replayed. */
export interface ParquetFile {
  /** Identity by content, 32 hex digits: its fingerprint, or its whole content where that is known. */
  id: string
  path: string
  /** The Parquet file that DuckDB reads: `path`, or what a CSV file was converted to. */
  data: string
  /** Base name, for display. */
  name: string
  bytes: number
  rows: number
  /** The last rows, in number, are malformed lines of a CSV file, which are rejected. */
  malformed: number
  columns: ColumnMap
  /** DuckDB's type of each used column, by canonical name. */
  types: ReadonlyMap<string, string>
  /** What shows that the file was replaced or changed since it was opened. */
  stamp: FileStamp
  /** Text is not marked as text: bytes are read as text. */
  binaryAsString: boolean
  /** The name under which `numberedRows` gives the row's number. */
  rowColumn: string
}

/** How DuckDB is to read a Parquet file. */
type ReadOptions = Pick<ParquetFile, 'data' | 'binaryAsString'>

/**
 * Checks a file and reads its schema; converts a CSV file.
 *
 * @throws PulseError `input-invalid`, `input-column`
 */
export async function openFile(
  connection: DuckDBConnection,
  path: string,
  format: FileFormat = formatOf(path) ?? 'parquet',
  which: ConvertedColumns = 'used',
): Promise<ParquetFile> {
  const { id, stamp } = fingerprint(path, format)
  const converted = format === 'csv' ? await convertCsv(connection, path, which) : null
  const data = converted?.data ?? path
  const schema = await readSchema(connection, path, data)
  const columns = matchColumns(path, [...schema.types.keys()])
  const types = new Map<string, string>()
  for (const [canonical, name] of columns) {
    const type = schema.types.get(name) ?? ''
    requireType(path, canonical, name, type)
    types.set(canonical, type)
  }
  requireCodecs(path, schema.codecs, new Set(columns.values()))
  return {
    ...{ id, path, data, name: basename(path), bytes: stamp.bytes, stamp, columns, types },
    rows: schema.rows,
    malformed: converted?.malformed ?? 0,
    binaryAsString: schema.binaryAsString,
    rowColumn: unusedName(ROW_COLUMN, [...schema.types.keys()]),
  }
}

/** DuckDB's own column of row numbers. */
const ROW_COLUMN = 'file_row_number'

/** A name that none of the columns has, in any case. */
function unusedName(name: string, names: readonly string[]): string {
  const taken = new Set(names.map((found) => found.toLowerCase()))
  let free = name
  while (taken.has(free)) free += '_'
  return free
}

/**
 * SQL of the table function that reads a file, with the same options everywhere. Directories such as
 * `Start=5/` in its path do not add columns.
 */
export const readParquet = ({ data, binaryAsString }: ReadOptions, more = ''): string =>
  `read_parquet(${oneFile(data)}, binary_as_string = ${binaryAsString},
    hive_partitioning = false${more})`

/** SQL of a file's rows, with the number of each in its column `rowColumn`. */
export function numberedRows(file: ReadOptions & Pick<ParquetFile, 'rowColumn'>): string {
  if (file.rowColumn === ROW_COLUMN) return readParquet(file, `, ${ROW_COLUMN} = true`)
  // DuckDB refuses to number the rows of a file that has a column of this name.
  return `(SELECT *, row_number() OVER () - 1 AS ${identifier(file.rowColumn)}
    FROM ${readParquet(file)})`
}

/** SQL of a value of a file's metadata, as text. */
export const metadataOf = (data: string, key: string): string =>
  `SELECT decode(value) AS value FROM parquet_kv_metadata(${oneFile(data)})
    WHERE decode(key) = ${literal(key)}`

/** A path as a literal that names this file only: DuckDB treats `a[12]` as a pattern. */
const oneFile = (path: string): string => literal(path.replace(/[*?[]/g, '[$&]'))

interface Schema {
  /** DuckDB's type of each column, by name. */
  types: Map<string, string>
  rows: number
  binaryAsString: boolean
  /** Columns with a codec that cannot be read. */
  codecs: { column: string; codec: string }[]
}

async function readSchema(
  connection: DuckDBConnection,
  path: string,
  data: string,
): Promise<Schema> {
  try {
    const asBytes = await typesOf(connection, { data, binaryAsString: false })
    const binaryAsString = isTextUnmarked(asBytes)
    return {
      types: binaryAsString ? await typesOf(connection, { data, binaryAsString }) : asBytes,
      rows: await countRows(connection, path, data),
      binaryAsString,
      codecs: await unreadableCodecs(connection, data),
    }
  } catch (error) {
    if (error instanceof PulseError) throw error
    throw new PulseError(
      'input-invalid',
      `${path}: its Parquet footer cannot be read (${messageOf(error).split('\n')[0]}); ` +
        'write or copy the file again',
      error,
    )
  }
}

async function typesOf(
  connection: DuckDBConnection,
  options: ReadOptions,
): Promise<Map<string, string>> {
  const columns = await queryRows(connection, `DESCRIBE SELECT * FROM ${readParquet(options)}`)
  return new Map(columns.map((row) => [String(row.column_name), String(row.column_type)]))
}

/** Bytes elsewhere than in a bearer, which some writers keep as 16 bytes, are text. */
const isTextUnmarked = (types: ReadonlyMap<string, string>): boolean =>
  [...types].some(([name, type]) => type === 'BLOB' && canonicalName(name) !== 'Bearer Id')

/** @throws PulseError when the footer contradicts itself */
async function countRows(
  connection: DuckDBConnection,
  path: string,
  data: string,
): Promise<number> {
  const [found] = await queryRows(
    connection,
    `SELECT (SELECT num_rows FROM parquet_file_metadata(${oneFile(data)})) AS stated,
      (SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT max(row_group_num_rows) AS n
        FROM parquet_metadata(${oneFile(data)}) GROUP BY row_group_id)) AS groups`,
  )
  const [stated, groups] = [Number(found.stated), Number(found.groups)]
  if (stated === groups && Number.isSafeInteger(stated) && stated >= 0) return stated
  throw new PulseError(
    'input-invalid',
    `${path}: its footer states ${stated} rows, its row groups ${groups}; expected the same ` +
      'number: write or copy the file again',
  )
}

const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW']

async function unreadableCodecs(
  connection: DuckDBConnection,
  data: string,
): Promise<Schema['codecs']> {
  const rows = await queryRows(
    connection,
    `SELECT DISTINCT path_in_schema, compression FROM parquet_metadata(${oneFile(data)})
      WHERE compression NOT IN (${CODECS.map(literal).join(', ')}) ORDER BY path_in_schema`,
  )
  return rows.map((row) => ({
    column: String(row.path_in_schema),
    codec: String(row.compression),
  }))
}

function requireCodecs(path: string, codecs: Schema['codecs'], used: ReadonlySet<string>): void {
  const found = codecs.find(({ column }) => used.has(column))
  if (found === undefined) return
  throw new PulseError(
    'input-invalid',
    `${path}: the column "${found.column}" is compressed with ${found.codec}; expected ` +
      `${CODECS.join(', ')}: write the file again with one of these codecs`,
  )
}
