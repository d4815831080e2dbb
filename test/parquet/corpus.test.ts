// Files of other projects are read, or refused with a sentence, without a crash.
//
// They are those of `npm run corpus -- --fetch`, or of the directory XDR_PULSE_PARQUET_CORPUS, such as
// a checkout of apache/parquet-testing. A crash of the process fails this test file as a whole.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { withFiles } from '../../consumers/files/sources.ts'
import { CORPUS, CORPUS_FILES, whyNoCorpus } from '../../scripts/corpus/corpus.ts'
import { queryRows } from '../../src/duckdb.ts'
import { readingFiles } from '../../src/parquet/damage.ts'
import type { ParquetFile } from '../../src/parquet/files.ts'
import { readParquet } from '../../src/parquet/sql/read-parquet.ts'
import { readInFileOrder } from '../../src/parquet/rows.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { outcomeOf, readAll } from './read-all.ts'
import { PLAIN_UNITS } from '../../src/record/source-units.ts'

const GIVEN = process.env['XDR_PULSE_PARQUET_CORPUS']
const DIRECTORY = GIVEN ?? CORPUS
const MISSING = GIVEN === undefined ? whyNoCorpus() : null
const FILES = MISSING === null ? globSync('**/*.parq*', { cwd: DIRECTORY }).sort() : []
const LEAST_FILES = 100
/** The names of computed columns; no spelling of an XDR's column is one of them. */
const OWN_NAME = /^c\d+$/i
const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|VARCHAR)$/

/** Reads a file as if its columns were those of an XDR, taken in turn. */
const readAsXdr = (path: string) =>
  outcomeOf(() =>
    withFiles('max', async (connection) => {
      const read = { data: path, binaryAsString: true, nested: [] }
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
      const reading = { ...PLAIN_UNITS, timeZone: 'UTC' }
      for await (const delivery of readInFileOrder(connection, { file: whole, reading }, 0, 0)) {
        assert.ok(delivery.rows.count > 0)
      }
      return Number(rows)
    }),
  )

const read = { whole: 0, asXdr: 0 }

if (MISSING !== null) {
  test('the corpus is there', (context) => {
    assert.equal(process.env['CI'], undefined, MISSING)
    context.skip(MISSING)
  })
}

describe('a corpus', { skip: MISSING ?? false }, () => {
  for (const name of FILES) {
    test(`${name} is read or refused`, async () => {
      const path = join(DIRECTORY, name)
      const whole = await readAll(path)
      assert.equal(whole.internal, null)
      const asXdr = await readAsXdr(path)
      assert.equal(asXdr.internal, null)
      for (const { rows, refused } of [whole, asXdr]) {
        assert.equal(rows === null, refused !== null, 'one or the other')
        assert.ok(refused === null || /^[^\n]+: [^\n]+$/.test(refused), `one line: ${refused}`)
      }
      read.whole += Number(whole.refused === null)
      read.asXdr += Number(asXdr.refused === null)
    })
  }

  test('has at least a hundred files, most of which can be read', (context) => {
    const { whole, asXdr } = read
    context.diagnostic(
      `${FILES.length} files: ${whole} are XDR files, ${asXdr} are read with their columns taken ` +
        'for those of an XDR, the others are refused',
    )
    assert.ok(FILES.length >= LEAST_FILES, `${DIRECTORY} has ${FILES.length} files`)
    if (GIVEN === undefined) assert.equal(FILES.length, CORPUS_FILES)
    assert.ok(asXdr > FILES.length / 2, `${asXdr} of ${FILES.length} files are read`)
  })
})
