// The files of a run: found, identified by content, and checked before anything is applied.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, globSync, openSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { identifier, literal, queryRows, type DuckDBConnection } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import { ownDurationUnit } from './duration-sql.ts'
import { matchColumns, type ColumnMap } from '../record/column-names.ts'

/** A file that can be replayed. */
export interface ParquetFile {
  /** Identity by content: 32 hex digits over its footer and size. */
  id: string
  path: string
  /** Base name, for display. */
  name: string
  bytes: number
  rows: number
  columns: ColumnMap
  /** DuckDB's type of each used column, by canonical name. */
  types: ReadonlyMap<string, string>
}

/**
 * Paths of all files that the arguments name: files, directories (their *.parquet), globs.
 *
 * @throws PulseError `input-missing` for an argument that matches nothing
 */
export function findFiles(patterns: readonly string[]): string[] {
  const found = patterns.flatMap((pattern) => {
    if (existsSync(pattern)) return filesIn(pattern)
    const matches = globSync(pattern).sort()
    if (matches.length === 0) throw missing(pattern, 'no such file, directory or match')
    return matches.flatMap(filesIn)
  })
  return [...new Set(found)]
}

/** The path, or the files of a directory: Spark gives directories names that end in .parquet. */
function filesIn(path: string): string[] {
  if (!isDirectory(path)) return [path]
  const inside = globSync('**/*.parquet', { cwd: path }).map((name) => join(path, name))
  const files = inside.filter((name) => !isDirectory(name)).sort()
  if (files.length === 0) throw missing(path, 'the directory holds no .parquet file')
  return files
}

const isDirectory = (path: string): boolean => statSync(path).isDirectory()

const missing = (pattern: string, what: string): PulseError =>
  new PulseError('input-missing', `${pattern}: ${what}; expected Parquet files: check the path`)

/**
 * Checks a file and reads its schema.
 *
 * @throws PulseError `input-invalid`, `input-column`
 */
export async function openFile(connection: DuckDBConnection, path: string): Promise<ParquetFile> {
  const { id, bytes } = fingerprint(path)
  const described = await readSchema(connection, path)
  const columns = matchColumns(path, [...described.types.keys()])
  const types = new Map<string, string>()
  for (const [canonical, name] of columns) {
    const type = described.types.get(name) ?? ''
    const isDuration = canonical === 'Dur. (ms)' && ownDurationUnit(type) !== null
    if (!SUPPORTED.test(type) && !isDuration) throw unsupported(path, name, type)
    if (canonical === 'MSISDN/Number' && type === 'FLOAT') throw imprecise(path, name)
    types.set(canonical, type)
  }
  return { id, path, name: basename(path), bytes, rows: described.rows, columns, types }
}

const SUPPORTED =
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|VARCHAR|TIMESTAMP.*|DATE|"NULL")$/

const unsupported = (path: string, name: string, type: string): PulseError =>
  new PulseError(
    'input-column',
    `${path}: the column "${name}" has type ${type}, expected a number, a time or text; convert ` +
      'the column and write the file again',
  )

const imprecise = (path: string, name: string): PulseError =>
  new PulseError(
    'input-column',
    `${path}: the column "${name}" has type FLOAT, which holds 7 digits, expected a type that holds ` +
      'the 15 digits of an MSISDN; write the file again from its source with integers or text',
  )

/**
 * SQL of the table function that reads a file, with the same options everywhere. Directories such as
 * `Start=5/` in its path do not add columns.
 */
export const readParquet = (path: string, more = ''): string =>
  `read_parquet(${oneFile(path)}, binary_as_string = true, hive_partitioning = false${more})`

/** SQL of a value of a file's metadata, as text. */
export const metadataOf = (path: string, key: string): string =>
  `SELECT decode(value) AS value FROM parquet_kv_metadata(${oneFile(path)})
    WHERE decode(key) = ${literal(key)}`

/** A path as a literal that names this file only: DuckDB treats `a[12]` as a pattern. */
const oneFile = (path: string): string => literal(path.replace(/[*?[]/g, '[$&]'))

async function readSchema(
  connection: DuckDBConnection,
  path: string,
): Promise<{ types: Map<string, string>; rows: number }> {
  try {
    const columns = await queryRows(connection, `DESCRIBE SELECT * FROM ${readParquet(path)}`)
    const [meta] = await queryRows(
      connection,
      `SELECT num_rows AS ${identifier('rows')} FROM parquet_file_metadata(${oneFile(path)})`,
    )
    return {
      types: new Map(columns.map((row) => [String(row.column_name), String(row.column_type)])),
      rows: Number(meta.rows),
    }
  } catch (error) {
    throw new PulseError(
      'input-invalid',
      `${path}: its Parquet footer cannot be read (${messageOf(error).split('\n')[0]}); ` +
        'write or copy the file again',
      error,
    )
  }
}

const MAGIC = 'PAR1'
const TAIL_BYTES = 8
/** Number of samples of the body in a file's identity, at even distances. */
const SAMPLES = 64
const SAMPLE_BYTES = 4096

/**
 * Identity of a file: SHA-256 over its footer, its size and samples of its body; a copy has the same
 * identity. The footer alone is not enough: without statistics it does not depend on the values, and
 * for uncompressed fixed-width values it is the same in every file with as many rows.
 */
function fingerprint(path: string): { id: string; bytes: number } {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const invalid = (found: string): PulseError =>
      new PulseError('input-invalid', `${path}: ${found}; expected a whole Parquet file`)
    if (size === 0) throw invalid('the file is empty (0 bytes)')
    const head = readAt(file, 0, Math.min(size, MAGIC.length))
    if (head.toString('latin1') !== MAGIC) throw invalid('the file is not a Parquet file')
    if (size < MAGIC.length + TAIL_BYTES) throw invalid(`the file is cut off at ${size} bytes`)
    const tail = readAt(file, size - TAIL_BYTES, TAIL_BYTES)
    const length = tail.readUInt32LE(0)
    if (tail.toString('latin1', 4) !== MAGIC || length + TAIL_BYTES + MAGIC.length > size) {
      throw invalid(`the file is cut off at ${size} bytes, its footer is missing`)
    }
    const footer = readAt(file, size - TAIL_BYTES - length, length)
    const hash = createHash('sha256').update(footer).update(String(size))
    const body = size - TAIL_BYTES - length
    for (let sample = 0; sample < SAMPLES; sample++) {
      const at = Math.floor((Math.max(0, body - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
      hash.update(readAt(file, at, Math.min(SAMPLE_BYTES, body - at)))
    }
    return { id: hash.digest('hex').slice(0, 32), bytes: size }
  } finally {
    closeSync(file)
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, position + read)
    if (more === 0) break
    read += more
  }
  return bytes.subarray(0, read)
}
