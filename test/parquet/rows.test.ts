// Rows of Parquet files: their order, their event time, and columns of unusual types.
import { PLAIN_UNITS } from '../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, queryRows, withDatabase, type DuckDBConnection } from '../../src/duckdb.ts'
import { EVENT_TIME } from '../../src/parquet/sql/columns.ts'
import { openFile } from '../../src/parquet/files.ts'
import { readInFileOrder, readInTimeOrder, type Readable } from '../../src/parquet/rows.ts'
import { UNREADABLE } from '../../src/record/batch.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { withDirectory } from '../state-directory.ts'
import { LIMITS, writeVariant } from './variants.ts'

const READING = { ...PLAIN_UNITS, timeFormat: 'month-first', timeZone: 'UTC' } as const

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

test('times as numbers are exact in every unit and type', () => {
  const start = Date.UTC(2019, 3, 4, 12, 30) + 7
  const ms = `(${start}::BIGINT + row * 1037)`
  const digits = (format: string): string => `strftime(make_timestamp(${ms} * 1000), '${format}')`
  const columns: Record<string, string> = {
    s: `${ms} / 1000`,
    'whole s': `(${ms} // 1000)::INTEGER`,
    'decimal s': `(${ms} / 1000)::DECIMAL(18,3)`,
    ms,
    'double ms': `${ms}::DOUBLE`,
    us: `${ms} * 1000 + 999`,
    'double us': `(${ms} * 1000)::DOUBLE`,
    ns: `${ms} * 1000000`,
    'late ns': `${ms} * 1000000 + 999999`,
    'double ns': `(${ms} * 1000000)::DOUBLE`,
    'decimal ns': `(${ms} * 1000000 + 999999)::DECIMAL(19,0)`,
    'text ns': `(${ms} * 1000000 + 999999)::VARCHAR`,
    'timestamp ns': `make_timestamp_ns(${ms} * 1000000 + 999999)`,
    digits: `${digits('%Y%m%d%H%M%S')}::BIGINT`,
    'double digits': `${digits('%Y%m%d%H%M%S')}::DOUBLE`,
    'text digits': digits('%Y%m%d%H%M%S'),
    minutes: `${digits('%Y%m%d%H%M')}::BIGINT`,
    days: `${digits('%Y%m%d')}::INTEGER`,
  }
  const names = Object.keys(columns)
  const precision = (name: string): number => {
    if (name === 'days') return 86_400_000
    if (name === 'minutes') return 60_000
    return /digits|whole/.test(name) ? 1000 : 1
  }
  return withFiles(
    (directory) =>
      Promise.all(
        names.map((name) =>
          writeVariant(join(directory, `${name}.parquet`), { Start: columns[name] }),
        ),
      ),
    async (readables, connection) => {
      for (const [at, readable] of readables.entries()) {
        const unit = precision(names[at])
        const expected = Array.from({ length: 50 }, (_, row) => start + 1037 * row)
        assert.deepEqual(
          (await columnOf(connection, readable, 'Start')).map((time) => time - (time % 1)),
          expected.map((time) => time - (time % unit)),
          names[at],
        )
      }
    },
  )
})

test('a number that is not a time is unreadable, whatever its type', () =>
  withFiles(
    async (directory) => [
      await writeVariant(join(directory, 'a.parquet'), { Start: 'row::INTEGER' }),
      await writeVariant(join(directory, 'b.parquet'), { Start: '-1554379278.5::DOUBLE' }),
      await writeVariant(join(directory, 'c.parquet'), { Start: '20190230::BIGINT' }),
      await writeVariant(join(directory, 'd.parquet'), { Start: '9223372036854775807::BIGINT' }),
      await writeVariant(join(directory, 'e.parquet'), { Start: "'infinity'::DOUBLE" }),
    ],
    async (readables, connection) => {
      for (const readable of readables) {
        const found = await columnOf(connection, readable, 'Start')
        assert.deepEqual(new Set(found), new Set([UNREADABLE]), readable.file.name)
      }
    },
  ))

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
