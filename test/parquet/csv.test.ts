// CSV files give the same numbers as the same rows in Parquet, and no line is lost in silence.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { verifyState } from '../../src/verify/run.ts'
import { openStateToRead, readRejected } from '../../state/read.ts'
import { replay } from '../consumers/files/replaying.ts'
import { sampleIn, SMALL } from '../consumers/files/samples.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { CSV_NAMES, csvRow as row } from './csv-text.ts'
import { readAll } from './read-all.ts'

const LIMITS = { threads: 1, memoryMiB: 512 }
/** Replays texts as `a.csv`, each into a state of its own, and checks them with `verify`. */
async function replayText(directory: string, text: string | Buffer, name = 'a.csv') {
  const file = join(directory, name)
  const state = join(directory, `state-${name}`)
  writeFileSync(file, text)
  const units = { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: false } as const
  const progress = await replay([file], state, { units })
  const { differences } = await verifyState([file], state, units)
  assert.equal(differences, 0)
  const opened = openStateToRead(state)
  const rejected = readRejected(opened, 100)
  await opened.close()
  return { ...(await readBack(state)), progress, rejectedRows: rejected }
}

describe('the same rows as CSV and as Parquet give the same state', () => {
  const forms: [string, string, (text: string) => string | Buffer][] = [
    ['a.csv', '', (text) => text],
    ['b.csv', ", DELIMITER ';'", (text) => `\uFEFF${text}`],
    ['c.tsv', ", DELIMITER '\t'", (text) => text.replaceAll('\n', '\r\n')],
    ['d.csv', ", DELIMITER '|', FORCE_QUOTE *", (text) => text.trimEnd()],
    ['e.csv.gz', '', (text) => gzipSync(text)],
    ['f.CSV', ", NULLSTR '\\N'", (text) => text],
  ]
  for (const speed of ['max', 1e15] as const) {
    test(`in any form, at speed ${speed}`, () =>
      withDirectory(async (directory) => {
        const sample = await sampleIn(directory)
        const texts = join(directory, 'texts.parquet')
        // The same texts in Parquet: numbers in text have other rules than numbers.
        await withDatabase(LIMITS, (connection) =>
          connection.run(`COPY (SELECT COLUMNS(*)::VARCHAR FROM read_parquet(${literal(sample)}))
            TO ${literal(texts)} (FORMAT parquet)`),
        )
        const options = { speed, state: { partitions: 3 } }
        await replay([texts], join(directory, 'expected'), options)
        const expected = await readBack(join(directory, 'expected'))
        for (const [name, how, form] of forms) {
          const file = join(directory, name)
          await withDatabase(LIMITS, (connection) =>
            connection.run(`COPY (FROM read_parquet(${literal(texts)})) TO ${literal(file)}
              (FORMAT csv, HEADER, COMPRESSION none${how})`),
          )
          writeFileSync(file, form(readFileSync(file, 'utf8')))
          const state = join(directory, `state-${name}`)
          const { counters } = await replay([file], state, options)
          assert.equal(counters.rows, SMALL.rows)
          const found = await readBack(state)
          assert.deepEqual({ ...found, positions: [] }, { ...expected, positions: [] }, name)
          assert.equal((await replay([file], state, options)).counters.duplicate, SMALL.rows)
          assert.equal((await verifyState([file], state)).differences, 0)
        }
      }))
  }
})

test('quoted line ends, quotes and delimiters are part of their value', () =>
  withDirectory(async (directory) => {
    const header = `${CSV_NAMES},Last Location Name`
    const text = `${header}\n${row(1)},"a\nb, ""c"""\n${row(2)},"\r\n"\n`
    const { applied, subscribers } = await replayText(directory, text)
    assert.equal(applied, 2)
    assert.deepEqual(
      subscribers.map(([msisdn]) => msisdn),
      [1, 2],
    )
  }))

test('a line with another number of columns is a rejected row, and others keep their numbers', () =>
  withDirectory(async (directory) => {
    const short = row(2).split(',').slice(0, 7).join(',')
    const lines = [CSV_NAMES, row(1), short, row(0), '', `${row(4)},more`, `5,"x"y`, row(6), '7']
    const found = await replayText(directory, `${lines.join('\r\n')}\r\n`)
    assert.equal(found.progress.totalRows, 7)
    assert.equal(found.progress.counters.rows, 7)
    assert.equal(found.applied, 2)
    assert.deepEqual(found.rejected, { 'invalid-msisdn': 1, malformed: 4 })
    const shown = found.rejectedRows.map(({ row, reason, raw }) => [
      row,
      reason,
      (JSON.parse(raw) as unknown[])[0],
    ])
    assert.deepEqual(shown, [
      [1, 'invalid-msisdn', '0'],
      [3, 'malformed', short],
      [4, 'malformed', `${row(4)},more`],
      [5, 'malformed', '5,"x"y'],
      [6, 'malformed', '7'],
    ])
    assert.equal(found.positions[0].position.rejected, 5)
  }))

test('a line that is not UTF-8 is a rejected row', () =>
  withDirectory(async (directory) => {
    const bad = Buffer.from(`${row(2).replace(/^7/, '\xe9')}\n`, 'latin1')
    const text = Buffer.concat([Buffer.from(`${CSV_NAMES}\n${row(1)}\n`), bad, Buffer.from(row(3))])
    const { applied, rejected } = await replayText(directory, text)
    assert.deepEqual([applied, rejected], [2, { malformed: 1 }])
  }))

test('a malformed line that spells a number is not a subscriber', () =>
  withDirectory(async (directory) => {
    const text = `${CSV_NAMES}\n${row(1)}\n33600000001\n`
    const { applied, rejected, subscribers } = await replayText(directory, text)
    assert.deepEqual([applied, rejected, subscribers.length], [1, { malformed: 1 }, 1])
  }))

test('lines are accounted for in a large file', () =>
  withDirectory(async (directory) => {
    const lines = Array.from({ length: 60_000 }, (_, n) => (n % 997 === 5 ? `${n},x` : row(n + 1)))
    const { applied, rejected } = await replayText(directory, [CSV_NAMES, ...lines].join('\n'))
    assert.deepEqual([applied, rejected.malformed], [60_000 - 61, 61])
  }))

describe('a CSV file is refused', () => {
  const many = Array.from({ length: 40_000 }, (_, n) => row(n + 1))
  const open = many.with(20_000, `"${many[20_000]}`)
  const texts: [string, string | Buffer, RegExp][] = [
    ['without a header', `${row(1)}\n${row(2)}\n`, /the column ".+" is missing/],
    ['that is empty', '', /is empty \(0 bytes\)/],
    ['in UTF-16', Buffer.from(`\uFEFF${CSV_NAMES}\n`, 'utf16le'), /it is UTF-16.*save it as UTF-8/],
    ['of bytes', Buffer.alloc(100), /bytes that are not text/],
    [
      'with a header that does not end',
      `"${CSV_NAMES}\n${row(1)}\n`,
      /its first line does not end/,
    ],
    [
      'with a quote that does not end',
      [CSV_NAMES, ...open].join('\n'),
      /in line 20002 a quoted value/,
    ],
    [
      'with a quote that ends in another line',
      [CSV_NAMES, ...open.with(30_000, `x"${row(1)}`)].join('\n'),
      /in line 20002 a quoted value does not end/,
    ],
    [
      'with a quote that does not end in a small file',
      [CSV_NAMES, row(1), `"${row(2)}`, row(3), ''].join('\n'),
      /in line 3 a quoted value does not end/,
    ],
    [
      'with two kinds of line ends',
      `${CSV_NAMES}\r\n${row(1)}\n${row(2)}\r\n`,
      /cannot be read as CSV/,
    ],
  ]
  for (const [what, text, sentence] of texts) {
    test(what, () =>
      withDirectory(async (directory) => {
        const path = join(directory, 'a.csv')
        writeFileSync(path, text)
        const { refused, internal } = await readAll(path)
        assert.equal(internal, null)
        assert.match(refused ?? '', sentence)
        assert.ok(refused?.startsWith(`${path}: `) === true && !refused.includes('\n'))
      }),
    )
  }

  test('that is called .gz and is not', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'a.csv.gz')
      writeFileSync(path, Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(50, 7)]))
      assert.match((await readAll(path)).refused ?? '', /a\.csv\.gz: /)
      writeFileSync(path, `${CSV_NAMES}\n${row(1)}\n`)
      assert.equal((await readAll(path)).rows, 1)
    }))
})

test('a directory of CSV files is read; a repeated column keeps its first place', () =>
  withDirectory(async (directory) => {
    const input = join(directory, 'input')
    mkdirSync(input)
    writeFileSync(join(input, '1.csv'), `${CSV_NAMES},Dur. (ms)\n${row(1)},5\n`)
    writeFileSync(join(input, '2.csv.gz'), gzipSync(`${CSV_NAMES}\n${row(2)}\n`))
    const units = { durationUnit: 'ms' } as const
    const progress = await replay([input], join(directory, 'state'), { units })
    assert.equal(progress.counters.applied, 2)
    assert.equal(progress.counters.durationMs, 1_200_000)
  }))

test('a header without rows gives no rows', () =>
  withDirectory(async (directory) => {
    writeFileSync(join(directory, 'a.csv'), CSV_NAMES)
    assert.equal((await readAll(join(directory, 'a.csv'))).rows, 0)
  }))
