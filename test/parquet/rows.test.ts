// Rows of Parquet files: their order, their event time, and columns of unusual types.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, queryRows, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { EVENT_TIME } from '../../src/parquet/columns-sql.ts'
import { openFile } from '../../src/parquet/files.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { withDirectory } from '../state-directory.ts'
import { LIMITS, writeVariant } from './variants.ts'

const READING = { durationUnit: 'ms', timeZone: 'UTC' } as const

const withFiles = (
  write: (directory: string) => Promise<string[]>,
  check: (readables: Readable[], connection: DuckDBConnection) => Promise<void>,
): Promise<void> =>
  withDirectory(async (directory) => {
    const paths = await write(directory)
    await withDatabase(LIMITS, async (connection) => {
      const readables: Readable[] = []
      for (const path of paths) {
        readables.push({ file: await openFile(connection, path), reading: READING })
      }
      await check(readables, connection)
    })
  })

/** The values of one used column, in file order. */
async function columnOf(
  connection: DuckDBConnection,
  readable: Readable,
  name: (typeof USED_COLUMNS)[number],
): Promise<number[]> {
  const found: number[] = []
  for await (const { rows } of readInFileOrder(connection, readable, 0, 0)) {
    found.push(...rows.columns[USED_COLUMNS.indexOf(name)].values.subarray(0, rows.count))
  }
  return found
}

test('event time in SQL is that of the function', () =>
  withDatabase(LIMITS, async (connection) => {
    const start = Date.UTC(2019, 3, 4, 12, 30)
    const starts = [start, start + 250, 0, Date.UTC(1999, 11, 31), Date.UTC(2100, 0), null]
    const parts = [0, 1, 999, 1000, 7.9, -3, null]
    const pairs = starts.flatMap((c2) => parts.map((c3) => [c2, c3] as const))
    const values = pairs.map(([c2, c3]) => `(${c2}::DOUBLE, ${c3}::DOUBLE)`).join(', ')
    const sql = `SELECT ${EVENT_TIME} AS event FROM (VALUES ${values}) AS times(c2, c3)`
    const found = (await queryRows(connection, sql)).map(({ event }) => event)
    const expected = pairs.map(([c2, c3]) => eventTimeOf(c2 ?? NaN, c3 ?? NaN))
    assert.deepEqual(
      found,
      expected.map((event) => (Number.isNaN(event) ? null : event)),
    )
  }))

test('rows in order of time: unknown ones first, equal ones by file and row', () =>
  withFiles(
    async (directory) => {
      const times = `CASE WHEN i % 7 = 0 THEN '?' ELSE '4/' || (1 + i % 3) || '/2019 12:00' END`
      const paths = [join(directory, 'a.parquet'), join(directory, 'b.parquet')]
      const base = await writeVariant(join(directory, 'base.parquet'), {}, 1)
      await withDatabase(LIMITS, async (connection) => {
        for (const path of paths) {
          await connection.run(`COPY (SELECT * REPLACE (${times} AS "Start"), i AS number
            FROM read_parquet(${literal(base)}), range(20000) AS numbers(i) ORDER BY i)
            TO ${literal(path)} (FORMAT parquet)`)
        }
        // Another content, so that they are two sources.
        const [first, second] = paths
        const copied = `SELECT * REPLACE (7 AS "Start ms") FROM read_parquet(${literal(first)})`
        await connection.run(`COPY (${copied}) TO ${literal(second)} (FORMAT parquet)`)
      })
      return paths
    },
    async (readables, connection) => {
      const found: (readonly [number, number, number])[] = []
      const ordinals = [0, 0]
      for await (const delivery of readInTimeOrder(connection, readables)) {
        for (let i = 0; i < delivery.rows.count; i++) {
          const file = delivery.source(i)
          found.push([delivery.eventTimeMs?.[i] ?? NaN, file, delivery.rowNumber(i)])
          assert.equal(delivery.ordinal(i), ordinals[file]++)
        }
      }
      assert.equal(found.length, 40_000)
      const known = (event: number): number => (Number.isNaN(event) ? -Infinity : event)
      const sorted = found.toSorted(
        (a, b) => known(a[0]) - known(b[0]) || a[1] - b[1] || a[2] - b[2],
      )
      const misplaced = found.findIndex((row, at) => row !== sorted[at])
      assert.equal(misplaced, -1, `row ${misplaced}: ${found[misplaced]?.join(' ')}`)
      assert.ok(Number.isNaN(found[0][0]) && !Number.isNaN(found.at(-1)![0]))
    },
  ))

test('times as numbers are seconds or milliseconds since 1970', () => {
  const start = Date.UTC(2019, 3, 4, 12, 30)
  return withFiles(
    async (directory) => [
      await writeVariant(join(directory, 's.parquet'), { Start: `${start / 1000}::BIGINT + row` }),
      await writeVariant(join(directory, 'ms.parquet'), { Start: `${start}::DOUBLE + row * 1000` }),
    ],
    async (readables, connection) => {
      const expected = Array.from({ length: 50 }, (_, row) => start + 1000 * row)
      for (const readable of readables) {
        assert.deepEqual(await columnOf(connection, readable, 'Start'), expected)
      }
    },
  )
})

test('text that a writer did not mark as text is read as text', () =>
  withFiles(
    async (directory) => [
      await writeVariant(join(directory, 'text.parquet'), {}),
      await writeVariant(join(directory, 'bytes.parquet'), {
        Start: '"Start"::BLOB',
        'MSISDN/Number': '"MSISDN/Number"::VARCHAR::BLOB',
      }),
    ],
    async ([text, bytes], connection) => {
      for (const name of ['Start', 'MSISDN/Number'] as const) {
        const expected = await columnOf(connection, text, name)
        assert.ok(new Set(expected).size > 20)
        assert.deepEqual(await columnOf(connection, bytes, name), expected)
      }
    },
  ))

test('a file with a footer that would begin before its body is refused as truncated', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'cut.parquet')
    const [magic, body, length] = [Buffer.from('PAR1'), Buffer.alloc(100), Buffer.alloc(4)]
    // As long as the body and the magic bytes at the start.
    length.writeUInt32LE(body.length + magic.length)
    writeFileSync(path, Buffer.concat([magic, body, length, magic]))
    await withDatabase(LIMITS, (connection) =>
      assert.rejects(openFile(connection, path), {
        code: 'input-invalid',
        message: /is truncated/,
      }),
    )
  }))
