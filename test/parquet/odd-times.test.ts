// Times that are not spelt in the usual way have the values that one expression over all rows gives.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, queryRows, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { openFile } from '../../src/parquet/files.ts'
import { readInFileOrder, type Readable } from '../../src/parquet/rows.ts'
import { usedColumns, usedName } from '../../src/parquet/sql/columns.ts'
import { readParquet } from '../../src/parquet/sql/read-parquet.ts'
import { PLACE } from '../../src/record/columns.ts'
import { PLAIN_UNITS } from '../../src/record/source-units.ts'
import { withDirectory } from '../state-directory.ts'
import { LIMITS, writeVariant } from './variants.ts'

const READINGS = [
  { ...PLAIN_UNITS, timeFormat: 'month-first', timeZone: 'UTC' },
  { ...PLAIN_UNITS, timeFormat: 'day-first', timeZone: 'America/St_Johns', shiftDays: 3 },
  { ...PLAIN_UNITS, timeFormat: null, timeZone: 'Asia/Kolkata' },
] as const
const PLACES = [PLACE.bearer, PLACE.start, PLACE.end]
const ROWS = 8000

/** One of `texts` in each row in turn. */
const turns = (texts: readonly string[]): string =>
  `[${texts.map((text) => text.split('\0').map(literal).join(' || chr(0) || ')).join(', ')}][1 + i % ${texts.length}]`

const USUAL = `(1 + i % 12) || '/' || (1 + i % 12) || '/2019 1:' || (10 + i % 50)`
const ISO = `strftime(make_timestamp(1554000000000000 + i * 1000000), '%Y-%m-%d %H:%M:%S')`
const ODD = [
  ...['\\N', '', ' ', 'NaN', 'undefined', '#VALUE!', '?', 'epoch', 'infinity', '-infinity'],
  ...['2019-04-04 12:01', '2019-04-04T12:01:02.5Z', '4/4/2019 12:01:30.25', '1554379260', '0'],
  ...['4/4/2019 1:01 PM', ' 4/4/2019 12:01 ', '\uFEFF4/4/2019 12:01', '4/4/2019\u00A012:01'],
  ...['4/4/2019 12:01\0', "it's", 'ä'.repeat(500), '13/13/2019 12:01', '1.5543792e9'],
]

interface Case {
  Start: string
  End: string
  rows?: number
}

const CASES: Readonly<Record<string, Case>> = {
  'are a few': {
    Start: `CASE WHEN i % 10 = 0 THEN NULL WHEN i % 9 = 0 THEN ${turns(ODD)} ELSE ${USUAL} END`,
    End: `CASE WHEN i > 2500 THEN ${turns(ODD)} ELSE ${USUAL} END`,
  },
  'are all': { Start: ISO, End: `'?' || i` },
  'become all after some rows': {
    Start: `CASE WHEN i < 3000 THEN ${USUAL} ELSE ${ISO} END`,
    End: `CASE WHEN i < 5000 THEN ${USUAL} END`,
  },
  'are a new one in each chunk of many': {
    rows: 36_000,
    Start: `CASE WHEN i % 1000 = 5 THEN 'odd ' || i ELSE ${USUAL} END`,
    End: USUAL,
  },
}

/** Values of bearer, Start and End, by row, as one expression over all rows gives them. */
async function expectedOf(
  connection: DuckDBConnection,
  { file, reading }: Readable,
): Promise<number[][]> {
  const rows = await queryRows(
    connection,
    `SELECT ${PLACES.map(usedName).join(', ')}
      FROM (SELECT ${usedColumns(file, reading).join(', ')} FROM ${readParquet(file)})`,
  )
  return rows.map((row) => Object.values(row).map((value) => Number(value ?? NaN)))
}

async function foundIn(
  connection: DuckDBConnection,
  readable: Readable,
  from: number,
): Promise<number[][]> {
  const found: number[][] = []
  for await (const { rows } of readInFileOrder(connection, readable, 0, from)) {
    for (let i = 0; i < rows.count; i++) {
      found.push(PLACES.map((place) => rows.columns[place].values[i]))
    }
  }
  return found
}

for (const [name, { rows = ROWS, ...times }] of Object.entries(CASES)) {
  test(`where they ${name}`, () =>
    withDirectory(async (directory) => {
      const base = await writeVariant(join(directory, 'base.parquet'), {}, 1)
      const path = join(directory, 'odd.parquet')
      await withDatabase(LIMITS, async (connection) => {
        const bearer = `[1::DOUBLE, NULL, 'NaN', 'Infinity', 0, -3][1 + i % 6]`
        await connection.run(`COPY (SELECT * REPLACE (${times.Start} AS "Start",
            ${times.End} AS "End", ${bearer} AS "Bearer Id")
          FROM read_parquet(${literal(base)}), range(${rows}) AS numbers(i) ORDER BY i)
          TO ${literal(path)} (FORMAT parquet, ROW_GROUP_SIZE 4096)`)
        const file = await openFile(connection, path)
        for (const reading of READINGS.slice(0, rows > ROWS ? 1 : 3)) {
          const readable = { file, reading }
          const expected = await expectedOf(connection, readable)
          for (const from of [0, 4123]) {
            const found = await foundIn(connection, readable, from)
            assert.equal(found.length, rows - from)
            const differ = found.findIndex((row, at) =>
              row.some((value, column) => !Object.is(value, expected[from + at][column])),
            )
            assert.equal(differ, -1, `row ${differ} from ${from}: ${found[differ]?.join(' ')}`)
          }
        }
      })
    }))
}
