// Refuses a file whose needed columns are present and cannot be read: a format, not single odd rows.
import { identifier, queryRows, type DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import { UNREADABLE } from '../record/batch.ts'
import { USED_COLUMNS } from '../record/columns.ts'
import { NEEDED_COLUMNS, requireFew } from '../record/readable.ts'
import type { SourceUnits } from '../record/source-units.ts'
import { isText, usedColumns, usedName } from './sql/columns.ts'
import type { ParquetFile } from './files.ts'
import { readParquet } from './sql/read-parquet.ts'

/** The first rows of a file that are looked at. */
const FIRST_ROWS = 1000

/**
 * Looks at the needed columns of text in the first rows of a file, which are read with `units`.
 *
 * @throws PulseError `input-column` when more than 5 % of a column's rows hold text that is not a number
 */
export async function requireReadable(
  connection: DuckDBConnection,
  file: ParquetFile,
  units: SourceUnits,
): Promise<void> {
  const texts = NEEDED_COLUMNS.filter((column) => isText(file, column))
  if (texts.length === 0) return
  const columns = usedColumns(file, { ...units, timeZone: 'UTC' })
  const counts = texts.map((column) => {
    const value = usedName(USED_COLUMNS.indexOf(column))
    return `count(*) FILTER (${value} = ${UNREADABLE}::DOUBLE) AS ${identifier(column)}`
  })
  // Malformed lines follow the rows: their text is in the place of the MSISDN.
  const looked = Math.min(FIRST_ROWS, file.rows - file.malformed)
  const sql = `SELECT count(*) AS looked, ${counts.join(', ')}
    FROM (SELECT ${columns.join(', ')} FROM ${readParquet(file)} LIMIT ${looked})`
  const [found] = await queryRows(connection, sql)
  for (const column of texts) {
    const problem = requireFew(Number(found[column]), Number(found['looked']))
    if (problem === null) continue
    const name = file.columns.get(column) ?? column
    throw new PulseError(
      'input-column',
      `${file.path}: the column "${name}" ${problem}; write the numbers with digits, a ` +
        'decimal point or comma, and separators of thousands',
    )
  }
}
