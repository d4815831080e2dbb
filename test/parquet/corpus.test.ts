// Opt-in: the files of a corpus, such as apache/parquet-testing, are read or refused, without a crash.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { withFiles } from '../../consumers/files/sources.ts'
import { queryRows } from '../../src/duckdb.ts'
import { readingFiles } from '../../src/parquet/damage.ts'
import { readParquet, type ParquetFile } from '../../src/parquet/files.ts'
import { readInFileOrder } from '../../src/parquet/rows.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { outcomeOf, readAll } from './read-all.ts'

const CORPUS = process.env.XDR_PULSE_PARQUET_CORPUS ?? ''
const FILES = CORPUS === '' ? [] : globSync('**/*.parquet*', { cwd: CORPUS }).sort()
/** The names of computed columns; no spelling of an XDR's column is one of them. */
const OWN_NAME = /^c\d+$/i
const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|VARCHAR)$/

/** Reads a file as if its columns were those of an XDR, taken in turn. */
const readAsXdr = (path: string) =>
  outcomeOf(() =>
    withFiles('max', async (connection) => {
      const read = { data: path, binaryAsString: true }
      const sql = `DESCRIBE SELECT * FROM ${readParquet(read)}`
      const base = { ...read, path, columns: new Map(), rowColumn: 'row_number' }
      const file = { ...base, id: '', name: path, bytes: 0, types: new Map() } as unknown
      const described = await readingFiles(connection, [file as ParquetFile], () =>
        queryRows(connection, sql),
      )
      const found = described.filter(
        ({ column_name: name, column_type: type }) =>
          NUMBERS.test(String(type)) && !OWN_NAME.test(String(name)),
      )
      if (found.length === 0) return 0
      const cells = USED_COLUMNS.map((column, at) => [column, found[at % found.length]] as const)
      const columns = new Map(cells.map(([column, cell]) => [column, String(cell.column_name)]))
      const types = new Map(cells.map(([column, cell]) => [column, String(cell.column_type)]))
      const count = `SELECT count(*) AS rows FROM ${readParquet(read)}`
      const [{ rows }] = await readingFiles(connection, [file as ParquetFile], () =>
        queryRows(connection, count),
      )
      const whole = { ...base, columns, types, rows: Number(rows) } as unknown as ParquetFile
      const reading = { durationUnit: 'ms', timeZone: 'UTC' } as const
      for await (const delivery of readInFileOrder(connection, { file: whole, reading }, 0, 0)) {
        assert.ok(delivery.rows.count > 0)
      }
      return Number(rows)
    }),
  )

describe(
  'a corpus',
  { skip: CORPUS === '' && 'XDR_PULSE_PARQUET_CORPUS names no directory' },
  () => {
    test('has files', () => assert.ok(FILES.length > 0, CORPUS))
    for (const name of FILES) {
      test(`${name} is read or refused`, async () => {
        const path = join(CORPUS, name)
        const whole = await readAll(path)
        assert.equal(whole.internal, null)
        const asXdr = await readAsXdr(path)
        assert.equal(asXdr.internal, null)
        for (const { refused } of [whole, asXdr]) {
          assert.ok(refused === null || !refused.includes('\n'), 'one line')
        }
      })
    }
  },
)
