// Names the file and the column that a failed query could not read.
import { identifier, type DuckDBConnection } from '../duckdb.ts'
import { messageOf, PulseError } from '../errors.ts'
import type { ParquetFile } from './files.ts'
import { readParquet } from './sql/read-parquet.ts'

/** Before the first row was applied. */
const WRITE_AGAIN = 'write or copy the file again'
/** While rows are applied. */
const REMEDY =
  'rows committed so far are kept, and a repaired file counts as another file: write or copy it ' +
  'again, and replay all files into a new directory'

/** A failure and the column that caused it, if a single one did. */
interface Damage {
  file: ParquetFile
  column: string | null
  why: string
}

/**
 * Runs a query over files before any row is applied; what DuckDB cannot read becomes an error that names file and column.
 *
 * @throws PulseError `input-invalid`
 */
export async function readingFiles<T>(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw await damageError(connection, files, error, WRITE_AGAIN)
  }
}

/** The error for a failed query over files; an error that has its sentence already stays. */
export async function damageError(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
  error: unknown,
  remedy: string = REMEDY,
): Promise<PulseError> {
  if (error instanceof PulseError) return error
  const found = await findDamage(connection, files)
  const subject = found?.file.path ?? files.map(({ path }) => path).join(', ')
  const what = found?.column == null ? 'its rows' : `the column "${found.column}"`
  const why = found?.why ?? reasonFor(error)
  return new PulseError(
    'input-invalid',
    `${subject}: ${what} cannot be read (${why}); ${remedy}`,
    error,
  )
}

/** Reads the used columns one by one; null when each can be read. */
async function findDamage(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
): Promise<Damage | null> {
  for (const file of files) {
    for (const column of file.columns.values()) {
      const why = await failureOf(connection, `hash(${identifier(column)})`, file)
      if (why !== null) return { file, column, why }
    }
  }
  return null
}

async function failureOf(
  connection: DuckDBConnection,
  value: string,
  file: ParquetFile,
): Promise<string | null> {
  try {
    await connection.run(`SELECT max(${value}) FROM ${readParquet(file)}`)
    return null
  } catch (error) {
    return reasonFor(error)
  }
}

/** The first line of DuckDB's message, without the path: the sentence names it. */
const reasonFor = (error: unknown): string =>
  messageOf(error)
    .split('\n')[0]
    .replace(/^([A-Z][A-Za-z/ ]*Error: )+/, '')
    .replace(/^Failed to read file "[^"]*": /, '')

/** The error for a file that gave another number of rows than it states. */
export const rowsDiffer = ({ path, rows }: ParquetFile, read: number): PulseError =>
  new PulseError(
    'input-invalid',
    `${path}: its footer states ${rows} rows, ${read} were read; expected the same number; ${REMEDY}`,
  )
