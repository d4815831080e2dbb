// Recognises directories of table formats, whose files alone are not the table: some are outdated.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PulseError } from '../../errors.ts'

interface TableFormat {
  name: string
  matches: (directory: string) => boolean
  /** A command that writes the table's present rows, with the directory in place of PATH. */
  remedy: string
}

const hasIcebergMetadata = (directory: string): boolean => {
  const metadata = join(directory, 'metadata')
  if (!existsSync(metadata)) return false
  try {
    return readdirSync(metadata).some((name) => name.endsWith('.metadata.json'))
  } catch {
    // Not readable: if it belongs to the input, the search for files reports it.
    return false
  }
}

const duckdb = (scan: string): string =>
  `in DuckDB: COPY (SELECT * FROM ${scan}('PATH')) TO 'rows.parquet'`

const FORMATS: readonly TableFormat[] = [
  {
    name: 'a Delta Lake table',
    matches: (directory) => existsSync(join(directory, '_delta_log')),
    remedy: duckdb('delta_scan'),
  },
  {
    name: 'an Apache Iceberg table',
    matches: hasIcebergMetadata,
    remedy: duckdb('iceberg_scan'),
  },
  {
    name: 'an Apache Hudi table',
    matches: (directory) => existsSync(join(directory, '.hoodie')),
    remedy: `in Spark: spark.read.format("hudi").load("PATH").write.parquet("rows")`,
  },
]

/**
 * Refuses a directory that is a table or lies within one: the table's log decides which files and
 * rows are valid, and replaced ones stay in the directory.
 *
 * @param checked directories that are known to be outside of tables; added to
 * @throws PulseError `input-invalid` with the way to export the table
 */
export function refuseTables(directory: string, checked: Set<string>): void {
  for (let at = realpathSync(directory); !checked.has(at); at = dirname(at)) {
    const format = FORMATS.find(({ matches }) => matches(at))
    if (format !== undefined) throw isTable(directory, at, format)
    checked.add(at)
  }
}

const isTable = (path: string, table: string, { name, remedy }: TableFormat): PulseError =>
  new PulseError(
    'input-invalid',
    `${path}: it belongs to ${name}, of which not every file is valid; expected plain files: ` +
      `export the table first, ${remedy.replace('PATH', table)}`,
  )
