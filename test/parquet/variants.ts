// Variants of a Parquet fixture: the same rows with some columns computed by SQL.
import { join } from 'node:path'
import { literal, withDatabase } from '../../src/duckdb.ts'

const FIXTURE = join(import.meta.dirname, '../fixtures/parquet/integers.parquet')

/** Limits of a database in tests. */
export const LIMITS = { threads: 1, memoryMiB: 512 }

/**
 * Writes rows of a clean fixture of 50 rows as a file. `columns` replaces columns of the fixture, or
 * adds them: name to SQL, in which `row` is the row's number.
 */
export async function writeVariant(
  path: string,
  columns: Readonly<Record<string, string>>,
  rows = 50,
): Promise<string> {
  await withDatabase(LIMITS, async (connection) => {
    // Two weeks later its days are above 12, so that they show the order of day and month.
    const times = ['Start', 'End'].map(
      (name) => `strftime(try_strptime("${name}", '%m/%d/%Y %H:%M') + INTERVAL 14 DAY,
        '%-m/%-d/%Y %-H:%M') AS "${name}"`,
    )
    const fixture = `(SELECT * EXCLUDE file_row_number REPLACE (${times.join(', ')}),
        file_row_number AS row
      FROM read_parquet(${literal(FIXTURE)}, file_row_number = true) LIMIT ${rows})`
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${fixture}`)
    const names = described.getRows().map(([name]) => String(name))
    const list = [...names.filter((name) => !(name in columns)).map((name) => `"${name}"`)]
    for (const [name, sql] of Object.entries(columns)) list.push(`${sql} AS "${name}"`)
    const kept = list.filter((sql) => sql !== '"row"').join(', ')
    await connection.run(
      `COPY (SELECT ${kept} FROM ${fixture} ORDER BY row) TO ${literal(path)} (FORMAT parquet)`,
    )
  })
  return path
}
