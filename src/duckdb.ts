// The only importer of DuckDB, which reads and writes Parquet and runs the SQL of `verify`.
import { mkdtempSync, rmSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DuckDBInstance, DuckDBStructType } from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api'
import { assert, outputError, PulseError } from './errors.ts'

export type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'

/** Limits of an embedded database. */
export interface DatabaseLimits {
  threads: number
  memoryMiB: number
  /** Whether what exceeds the memory is written to a directory of its own, which is deleted. */
  spills?: boolean
  /** Whether queries count the rows that they have read. */
  counts?: boolean
}

/**
 * No file of the machine adds code or settings: extensions, also installed ones, are not loaded, and
 * secrets are not read. Without extensions DuckDB cannot reach other machines.
 */
const CLOSED = {
  autoload_known_extensions: 'false',
  autoinstall_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_unsigned_extensions: 'false',
  extension_directory: devNull,
  allow_persistent_secrets: 'false',
  secret_directory: devNull,
} as const

/**
 * Runs `work` with a connection to a new in-memory database, and closes both. Its configuration is
 * locked.
 *
 * @throws PulseError `output` when the temporary directory cannot be written
 */
export async function withDatabase<T>(
  limits: DatabaseLimits,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const spillDirectory = limits.spills === true ? makeSpillDirectory() : ''
  try {
    const instance = await DuckDBInstance.create(':memory:', {
      ...CLOSED,
      threads: String(limits.threads),
      memory_limit: `${limits.memoryMiB}MiB`,
      temp_directory: spillDirectory,
    })
    const connection = await instance.connect()
    instances.set(connection, instance)
    try {
      if (limits.counts === true) await connection.run(COUNT_ROWS)
      await connection.run('SET lock_configuration = true')
      return await work(connection)
    } finally {
      connection.closeSync()
      instance.closeSync()
    }
  } finally {
    if (spillDirectory !== '') rmSync(spillDirectory, { recursive: true, force: true })
  }
}

/** The databases of open connections. */
const instances = new WeakMap<DuckDBConnection, DuckDBInstance>()

/**
 * Another connection to the database of `connection`: a query on the same one would end the result
 * that is read. It is closed with the database.
 */
export function connectBeside(connection: DuckDBConnection): Promise<DuckDBConnection> {
  const instance = instances.get(connection)
  assert(instance !== undefined, 'the connection is one of `withDatabase`')
  return instance.connect()
}

/** DuckDB counts rows only with a progress bar. */
const COUNT_ROWS = `SET enable_progress_bar = true; SET enable_progress_bar_print = false;
  SET progress_bar_time = 1`

/** A new directory with a name that cannot be foreseen, for this user only. */
function makeSpillDirectory(): string {
  const parent = resolve(tmpdir())
  try {
    return mkdtempSync(join(parent, 'xdr-pulse-'))
  } catch (error) {
    throw outputError(`the temporary directory ${parent} (TMPDIR)`, error)
  }
}

/** A string as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/**
 * A path as a literal that names this local file only: DuckDB reads `a[12]` as a pattern, and a
 * relative path such as `s3:/a` as an address.
 *
 * @throws PulseError `input-invalid` for a path that DuckDB cannot be given
 */
export function fileLiteral(path: string): string {
  const absolute = resolve(path)
  const exact = absolute.replace(/[*?[]/g, '[$&]')
  // In a pattern a backslash has another meaning, which nothing cancels.
  if (exact !== absolute && absolute.includes('\\')) {
    const found = 'has a backslash and one of the characters * ? ['
    const text = `${path}: its path ${found}; expected not both: rename the file or its directory`
    throw new PulseError('input-invalid', text)
  }
  return literal(exact)
}

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The maximum number of rows per chunk: DuckDB's vector size. */
export const CHUNK_ROWS = 2048

/** All rows of a small result, as objects by column name. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRowObjects()
}

/** Names, and for each the fields of a struct or the type of another value. */
export type Fields = ReadonlyMap<string, Fields | string>

/** The columns of a query, with the fields of structs. */
export async function fieldsOf(connection: DuckDBConnection, sql: string): Promise<Fields> {
  const result = await connection.run(sql)
  return fieldsNamed(result.columnNames(), result.columnTypes())
}

const fieldsNamed = (names: readonly string[], types: readonly DuckDBType[]): Fields =>
  new Map(
    names.map((name, at) => {
      const type = types[at]
      const isStruct = type instanceof DuckDBStructType
      return [name, isStruct ? fieldsNamed(type.entryNames, type.entryTypes) : type.toString()]
    }),
  )
