// What the footer of a Parquet file states: columns and their types, rows, codecs.
import {
  fieldsOf,
  fileLiteral,
  literal,
  queryRows,
  type DuckDBConnection,
  type Fields,
} from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import type { ColumnMap } from '../record/column-names.ts'
import type { FoundPath } from '../record/column-path.ts'
import { pathOf, typeAt } from './placed-columns.ts'
import { readParquet } from './sql/read-parquet.ts'
import type { NestedColumn, ReadOptions } from './sql/read-parquet.ts'

/** The schema of a file. */
export interface Schema {
  /** Its columns; text that is not marked as text is BLOB. */
  fields: Fields
  rows: number
  /** Columns with a codec that cannot be read. */
  codecs: { column: string; codec: string }[]
}

/**
 * Reads the footer of a file.
 *
 * @param path the file in errors, which DuckDB reads at `data`
 * @throws PulseError `input-invalid`
 */
export async function readSchema(
  connection: DuckDBConnection,
  path: string,
  data: string,
): Promise<Schema> {
  return readingFooter(path, async () => {
    const asBytes = { data, binaryAsString: false, nested: [] }
    return {
      fields: await fieldsOf(connection, `SELECT * FROM ${readParquet(asBytes)} LIMIT 0`),
      ...(await readFooter(connection, path, data)),
    }
  })
}

/** Does what reads a footer; any error of DuckDB is one of the footer. */
async function readingFooter<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
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

/**
 * DuckDB's type of each column, by name.
 *
 * @throws PulseError `input-invalid`
 */
export async function typesOf(
  connection: DuckDBConnection,
  path: string,
  options: ReadOptions,
): Promise<Map<string, string>> {
  const sql = `DESCRIBE SELECT * FROM ${readParquet(options)}`
  const columns = await readingFooter(path, () => queryRows(connection, sql))
  return new Map(columns.map((row) => [String(row.column_name), String(row.column_type)]))
}

/** Bytes elsewhere than in a bearer, which some writers keep as 16 bytes, are text. */
export function hasUnmarkedText(
  fields: Fields,
  columns: ColumnMap,
  nested: readonly NestedColumn[],
): boolean {
  const bearer = columns.get('Bearer Id')
  const names = [...fields.keys(), ...nested.map(({ name }) => name)]
  return names.some((name) => name !== bearer && typeAt(fields, pathOf(name, nested)) === 'BLOB')
}

const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4_RAW']

/**
 * The rows of a file and its unreadable columns, in one query: each query reads the metadata
 * of all row groups.
 *
 * @throws PulseError when the footer contradicts itself
 */
async function readFooter(
  connection: DuckDBConnection,
  path: string,
  data: string,
): Promise<Pick<Schema, 'rows' | 'codecs'>> {
  const [found] = await queryRows(
    connection,
    `SELECT (SELECT num_rows FROM parquet_file_metadata(${fileLiteral(data)})) AS stated,
      coalesce(sum(n), 0)::BIGINT AS groups,
      to_json(coalesce(list_sort(list_distinct(flatten(list(unreadable)))), []))::VARCHAR AS codecs
    FROM (SELECT max(row_group_num_rows) AS n,
        coalesce(list({'column': path_in_schema, 'codec': compression})
          FILTER (compression NOT IN (${CODECS.map(literal).join(', ')})), []) AS unreadable
      FROM parquet_metadata(${fileLiteral(data)}) GROUP BY row_group_id)`,
  )
  const [stated, groups] = [Number(found.stated), Number(found.groups)]
  if (stated === groups && Number.isSafeInteger(stated) && stated >= 0) {
    return { rows: stated, codecs: JSON.parse(found.codecs as string) as Schema['codecs'] }
  }
  throw new PulseError(
    'input-invalid',
    `${path}: its footer states ${stated} rows, its row groups ${groups}; expected the same ` +
      'number: write or copy the file again',
  )
}

/**
 * Checks the codecs of columns.
 *
 * @throws PulseError `input-invalid` for one that cannot be read
 */
export function requireCodecs(
  path: string,
  codecs: Schema['codecs'],
  used: readonly FoundPath[],
): void {
  // DuckDB divides the names of a path so.
  const names = new Set(used.map((one) => one.join(', ')))
  const found = codecs.find(({ column }) => names.has(column))
  if (found === undefined) return
  throw new PulseError(
    'input-invalid',
    `${path}: the column "${found.column}" is compressed with ${found.codec}; expected ` +
      `${CODECS.join(', ')}: write the file again with one of these codecs`,
  )
}
