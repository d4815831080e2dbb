// Converts a CSV file to a temporary Parquet file of texts, so that the rules for texts apply to it.
//
// DuckDB reads the file once. Lines that are not rows (another number of columns than the header,
// misplaced quotes, bytes that are not UTF-8) are kept as rows after all others: each has its text in
// the place of the MSISDN, and is rejected as malformed.
import { join } from 'node:path'
import { fileLiteral, identifier, literal, queryRows, type DuckDBConnection } from '../../duckdb.ts'
import { assert, messageOf, PulseError } from '../../errors.ts'
import type { ColumnMap } from '../../record/column-names.ts'
import type { MappedColumns } from '../../record/mapped-columns.ts'
import { placeColumns } from '../placed-columns.ts'
import { countLines } from './line-count.ts'
import { csvDialect, type CsvDialect } from './header.ts'

/** The columns of a file that are converted: those of an aggregate, or all of them. */
export type ConvertedColumns = 'used' | 'all'

/** A CSV file as a Parquet file. */
export interface ConvertedCsv {
  /** The path of the Parquet file, in the temporary directory of the database. */
  data: string
  /** The number of its last rows that are malformed lines. */
  malformed: number
}

/** Rows that the writer keeps in memory. */
const ROW_GROUP = 30_720
/** Errors after which DuckDB continues with the next line. */
const OF_ONE_LINE = ['MISSING COLUMNS', 'TOO MANY COLUMNS', 'UNQUOTED VALUE', 'INVALID ENCODING']

/** DuckDB keeps this much of a line: a longer one may be several. */
const LONGEST_TEXT = 10_000

/** Per process, so that names of temporary files and tables do not repeat. */
let conversions = 0

/**
 * Converts a CSV file.
 *
 * @throws PulseError `input-invalid` when a part of it cannot be divided into lines
 */
export async function convertCsv(
  connection: DuckDBConnection,
  path: string,
  which: ConvertedColumns,
  map: MappedColumns,
): Promise<ConvertedCsv> {
  const dialect = csvDialect(path, map)
  // Before the conversion, which takes seconds per gigabyte.
  const fields = new Map(dialect.names.map((name) => [name, 'VARCHAR']))
  const { columns: used } = placeColumns(path, fields, map)
  const list = which === 'all' ? '*' : [...used.values()].map(identifier).join(', ')
  const number = ++conversions
  const data = join(await temporaryDirectory(connection), `csv-${number}.parquet`)
  const rejects = `csv_rejects_${number}`
  try {
    await connection.run(copy(`SELECT ${list} FROM ${readCsv(path, dialect, number)}`, data))
    await connection.run(`CREATE TEMP TABLE csv_lines_${number} AS
      SELECT min(line) AS line, min(ltrim(csv_line, chr(13) || chr(10))) AS text,
        list(DISTINCT error_type::VARCHAR) AS errors
      FROM ${rejects} GROUP BY line_byte_position ORDER BY line_byte_position`)
    const malformed = await countMalformed(connection, path, number)
    await requireAllLines(connection, path, dialect, data, malformed)
    if (malformed === 0) return { data, malformed }
    const whole = data.replace(/\.parquet$/, '-whole.parquet')
    await connection.run(copy(withLines(data, used, number), whole))
    return { data: whole, malformed }
  } catch (error) {
    if (error instanceof PulseError) throw error
    throw new PulseError(
      'input-invalid',
      `${path}: it cannot be read as CSV (${messageOf(error).split('\n')[0]}); expected lines of ` +
        'one kind of line end, and space for a copy in the temporary directory: write the file again',
      error,
    )
  } finally {
    await dropRejects(connection, number)
  }
}

async function temporaryDirectory(connection: DuckDBConnection): Promise<string> {
  const [row] = await queryRows(connection, `SELECT current_setting('temp_directory') AS path`)
  assert(typeof row.path === 'string' && row.path !== '', 'CSV is read with a temporary directory')
  return row.path
}

const copy = (sql: string, to: string): string =>
  `COPY (${sql}) TO ${literal(to)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE ${ROW_GROUP})`

/** All values are texts; nothing is detected that could differ between two files of one writer. */
function readCsv(path: string, { delimiter, isGzip, names }: CsvDialect, number: number): string {
  const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  return `read_csv(${fileLiteral(path)}, auto_detect = false, header = true,
    delim = ${literal(delimiter)}, quote = '"', escape = '"', columns = {${columns}},
    compression = ${isGzip ? "'gzip'" : "'none'"}, hive_partitioning = false,
    store_rejects = true, rejects_limit = 0,
    rejects_table = 'csv_rejects_${number}', rejects_scan = 'csv_scans_${number}')`
}

/**
 * Counts malformed lines. After a quote that is not closed on its line DuckDB leaves out lines that
 * it does not count, so such a file is refused.
 */
async function countMalformed(
  connection: DuckDBConnection,
  path: string,
  number: number,
): Promise<number> {
  const known = OF_ONE_LINE.map(literal).join(', ')
  const [found] = await queryRows(
    connection,
    `SELECT count(*) AS lines, min(line) FILTER (is_open) AS open FROM (SELECT line,
        len(list_filter(errors, e -> e NOT IN (${known}))) > 0
        OR list_contains(errors, 'UNQUOTED VALUE')
          AND (regexp_matches(text, '[\\r\\n][^\\r\\n]') OR length(text) >= ${LONGEST_TEXT})
        AS is_open FROM csv_lines_${number})`,
  )
  if (found.open === null) return Number(found.lines)
  throw new PulseError(
    'input-invalid',
    `${path}: in line ${Number(found.open)} a quoted value does not end, or the line is too long, ` +
      'so the lines after it are unknown; expected quotes in pairs: repair the line',
  )
}

/**
 * Compares the rows and malformed lines with the lines of the file, which are counted separately:
 * after some misplaced quotes DuckDB leaves out thousands of lines.
 */
async function requireAllLines(
  connection: DuckDBConnection,
  path: string,
  dialect: CsvDialect,
  data: string,
  malformed: number,
): Promise<void> {
  const { lines, empty } = await countLines(path, dialect.isGzip, dialect.lineEnd)
  const expected = lines - dialect.headerLines
  const sql = `SELECT count(*) AS rows FROM read_parquet(${fileLiteral(data)})`
  const [{ rows }] = await queryRows(connection, sql)
  const found = Number(rows) + malformed
  if (found === expected) return
  const inside = await lineEndsInside(connection, path, dialect)
  const surplus = found + inside - expected
  // Some line ends within values may end an empty line.
  if (surplus >= 0 && surplus <= Math.min(empty, inside)) return
  throw new PulseError(
    'input-invalid',
    `${path}: its lines are ambiguous: ${expected} lines gave ${found} rows, with ` +
      `${inside} line ends within quotes; expected quotes in pairs and one kind of line ` +
      'end: look for a misplaced quote and write the file again',
  )
}

/** The number of line ends within quoted values, of all columns. */
async function lineEndsInside(
  connection: DuckDBConnection,
  path: string,
  dialect: CsvDialect,
): Promise<number> {
  const ends = dialect.names.map((name) => {
    const value = `coalesce(${identifier(name)}, '')`
    return `(length(${value}) - length(replace(${value}, chr(${dialect.lineEnd}), '')))`
  })
  const number = ++conversions
  const sum = `SELECT coalesce(sum(${ends.join(' + ')}), 0)::BIGINT AS inside`
  const [{ inside }] = await queryRows(connection, `${sum} FROM ${readCsv(path, dialect, number)}`)
  await dropRejects(connection, number)
  return Number(inside)
}

async function dropRejects(connection: DuckDBConnection, number: number): Promise<void> {
  for (const table of ['csv_lines', 'csv_rejects', 'csv_scans']) {
    await connection.run(`DROP TABLE IF EXISTS ${table}_${number}`)
  }
}

/** The rows of a converted file, and after them its malformed lines. */
function withLines(data: string, used: ColumnMap, number: number): string {
  const place = used.get('MSISDN/Number') ?? ''
  return `SELECT * FROM read_parquet(${fileLiteral(data)}) UNION ALL BY NAME
    (SELECT text AS ${identifier(place)} FROM csv_lines_${number} ORDER BY line)`
}
