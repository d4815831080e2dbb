// A synthetic file: the same for the same seed, similar to real files, clean or dirty as requested.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeSample } from '../../src/generate/write.ts'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import { FILE_COLUMNS } from '../../src/record/columns.ts'
import type { SampleOptions } from '../../src/generate/sample-sql.ts'

type Row = Record<string, number | string | null>

const SMALL: SampleOptions = { rows: 20_000, subscribers: 1_000, days: 14, seed: 7, dirt: 0 }
const DIRTY: SampleOptions = { ...SMALL, dirt: 0.5 }
const APPLICATIONS = ['Social Media', 'Google', 'Email', 'Youtube', 'Netflix', 'Gaming', 'Other']
const both = (end: string) => APPLICATIONS.map((name) => `"${name} ${end} (Bytes)"`)
const NEEDED_NUMBERS = [
  '"Dur. (ms)"',
  '"Total DL (Bytes)"',
  '"Total UL (Bytes)"',
  ...both('DL'),
  ...both('UL'),
]
const ALL = FILE_COLUMNS.map(({ name }) => `"${name}"`).join(', ')

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'xdr-pulse-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Writes a sample and queries it: `sample` in the SQL is the file, with `file_row_number`. */
async function ask(options: SampleOptions, sql: string, threads = 2): Promise<Row[]> {
  return withFolder(async (folder) => {
    const file = join(folder, 'sample.parquet')
    await writeSample(options, file, undefined, { threads })
    const source = `read_parquet(${literal(file)}, file_row_number = true)`
    return withDatabase({ threads: 2, memoryMiB: 512 }, async (connection) => {
      await connection.run(`CREATE VIEW sample AS SELECT * FROM ${source}`)
      const reader = await connection.runAndReadAll(sql)
      return reader.getRowObjectsJson() as Row[]
    })
  })
}

async function askOne(options: SampleOptions, sql: string): Promise<Row> {
  const rows = await ask(options, sql)
  assert.equal(rows.length, 1)
  return rows[0]
}

const fingerprint = async (options: SampleOptions, threads: number): Promise<unknown> => {
  const sql = `SELECT sum(hash(file_row_number, ${ALL})::HUGEINT) AS sum FROM sample`
  return (await ask(options, sql, threads))[0]['sum']
}

const time = (column: string) => `strptime(${column}, '%-m/%-d/%Y %-H:%M')`

test('a file has the 55 columns in file order, and the requested number of rows', async () => {
  for (const options of [SMALL, DIRTY, { ...DIRTY, rows: 1 }, { ...DIRTY, rows: 2 }]) {
    const described = await ask(options, 'DESCRIBE SELECT * EXCLUDE file_row_number FROM sample')
    assert.deepEqual(
      described.map((row) => row['column_name']),
      FILE_COLUMNS.map(({ name }) => name),
    )
    assert.deepEqual(
      described.map((row) => row['column_type']),
      FILE_COLUMNS.map(({ type }) => (type === 'number' ? 'DOUBLE' : 'VARCHAR')),
    )
    const { rows } = await askOne(options, 'SELECT count(*)::INT AS rows FROM sample')
    assert.equal(rows, options.rows)
  }
})

test('the same seed gives the same content with one thread and with two', async () => {
  const options = { ...DIRTY, rows: 130_000, dirt: 0.01 }
  assert.equal(await fingerprint(options, 1), await fingerprint(options, 2))
})

test('another seed gives other content', async () => {
  assert.notEqual(await fingerprint(SMALL, 1), await fingerprint({ ...SMALL, seed: 8 }, 1))
})

test('rows are in order of Start, not of End', async () => {
  const sql = `SELECT
      count(*) FILTER (started < before)::INT AS back,
      count(*) FILTER (ended < endedBefore)::INT AS endsBack,
      date_diff('day', min(started), max(started))::INT AS days
    FROM (SELECT ${time('"Start"')} AS started, ${time('"End"')} AS ended,
      lag(started) OVER (ORDER BY file_row_number) AS before,
      lag(ended) OVER (ORDER BY file_row_number) AS endedBefore FROM sample)`
  const { back, endsBack, days } = await askOne(SMALL, sql)
  assert.equal(back, 0)
  assert.ok(Number(endsBack) > SMALL.rows / 10)
  assert.equal(days, SMALL.days - 1)
})

test('without dirt nothing is missing or invalid in the needed columns', async () => {
  const good = NEEDED_NUMBERS.map(
    (name) => `coalesce(${name} >= 0 AND ${name} < 9007199254740992 AND ${name} % 1 = 0, false)`,
  )
  const sql = `SELECT count(*)::INT AS rows FROM sample WHERE ${good.join(' AND ')}
    AND "MSISDN/Number" BETWEEN 33600000000 AND 43599999999 AND "MSISDN/Number" % 1 = 0
    AND "Bearer Id" BETWEEN 1e19 AND 1.4e19
    AND ${time('"Start"')} < ${time('"End"')} + INTERVAL 1 MINUTE
    AND "Start ms" BETWEEN 0 AND 999 AND "End ms" BETWEEN 0 AND 999`
  assert.equal((await askOne(SMALL, sql))['rows'], SMALL.rows)
})

test('durations agree with End minus Start, to the seconds that the text drops', async () => {
  const span = `(epoch_ms(${time('"End"')}) + "End ms" - epoch_ms(${time('"Start"')}) - "Start ms")`
  const clean = `SELECT max(abs("Dur. (ms)" - ${span})) AS off,
    count(DISTINCT ("Dur. (ms)" - ${span}) % 1000)::INT AS parts,
    max("Dur. (ms)") AS longest, quantile_cont("Dur. (ms)", 0.01) AS short FROM sample`
  const { off, parts, longest, short } = await askOne(SMALL, clean)
  assert.ok(Number(off) < 60_000, `off by ${String(off)} ms`)
  assert.equal(parts, 1, 'the milliseconds agree')
  assert.ok(Number(longest) > 15 * 86_400_000 && Number(longest) <= 21 * 86_400_000 + 1000)
  assert.ok(Number(short) < 120_000)
  const dirty = `SELECT count(*)::INT AS rows FROM sample
    WHERE "Dur. (ms)" = floor("Dur. (ms).1" / 1000)`
  const { rows } = await askOne({ ...SMALL, dirt: 0.01 }, dirty)
  assert.ok(Number(rows) > SMALL.rows * 0.99, 'with dirt Dur. (ms) holds seconds')
})

test('total downloads exclude Other, total uploads include it', async () => {
  const downloads = both('DL').slice(0, -1).join(' + ')
  const sql = `SELECT count(*)::INT AS rows FROM sample WHERE "Total DL (Bytes)" = ${downloads}
    AND "Total UL (Bytes)" = ${both('UL').join(' + ')}`
  assert.equal((await askOne(SMALL, sql))['rows'], SMALL.rows)
})

test('applications have real proportions, and some sessions lack one', async () => {
  const sums = APPLICATIONS.map((name) => `sum("${name} DL (Bytes)") AS "${name}"`).join(', ')
  const row = await askOne(
    SMALL,
    `SELECT ${sums}, count(*) FILTER ("Email DL (Bytes)" = 0)::INT AS none FROM sample`,
  )
  const of = (name: string) => Number(row[name])
  assert.ok(Math.min(of('Gaming'), of('Other')) > 10 * Math.max(of('Youtube'), of('Netflix')))
  assert.ok(Math.abs(Math.log(of('Youtube') / of('Netflix'))) < 0.3)
  assert.ok(Math.min(of('Youtube'), of('Netflix')) > of('Google'))
  assert.ok(of('Google') > Math.max(of('Email'), of('Social Media')))
  assert.ok(of('none') > SMALL.rows * 0.03 && of('none') < SMALL.rows * 0.4)
})

test('few subscribers are heavy, most are light, and every one may appear', async () => {
  const sql = `SELECT count(*)::INT AS subscribers,
      sum(records) FILTER (place <= 50) / sum(records) AS heavy,
      sum(records) FILTER (place > 300) / sum(records) AS light,
      sum(bytes) FILTER (place <= 50) / sum(bytes) AS heavyBytes
    FROM (SELECT count(*) AS records, sum("Total DL (Bytes)") AS bytes,
      row_number() OVER (ORDER BY records DESC) AS place FROM sample GROUP BY "MSISDN/Number")`
  const { subscribers, heavy, light, heavyBytes } = await askOne(SMALL, sql)
  assert.ok(Number(subscribers) > 980 && Number(subscribers) <= 1_000)
  assert.ok(Number(heavy) > 0.25 && Number(heavy) < 0.4, `heavy: ${String(heavy)}`)
  assert.ok(Number(light) > 0.2 && Number(light) < 0.4, `light: ${String(light)}`)
  assert.ok(Number(heavyBytes) > 0.4, `heavy: ${String(heavyBytes)} of the bytes`)
  for (const few of [1, 2, 3]) {
    const count = `SELECT count(DISTINCT "MSISDN/Number")::INT AS n FROM sample`
    assert.equal((await askOne({ ...SMALL, rows: 500, subscribers: few }, count))['n'], few)
  }
})

test('sessions start most in the evening and least at night', async () => {
  const sql = `SELECT hour(${time('"Start"')})::INT AS hour, count(*)::INT AS rows
    FROM sample GROUP BY 1 ORDER BY 2`
  const hours = await ask(SMALL, sql)
  assert.equal(hours.length, 24)
  assert.ok([19, 20, 21].includes(Number(hours.at(-1)!['hour'])))
  assert.ok([2, 3, 4, 5, 6].includes(Number(hours[0]['hour'])))
  assert.ok(Number(hours.at(-1)!['rows']) > 3 * Number(hours[0]['rows']))
})

test('every fault occurs, each about as often as its weight', async () => {
  const any = (test: (name: string) => string) => NEEDED_NUMBERS.map(test).join(' OR ')
  const broken = (column: string) => `NOT regexp_matches(${column}, '^[0-9]+/[0-9]+/[0-9]+ ')`
  const traits: Record<string, [least: number, sql: string]> = {
    missingMsisdn: [20, '"MSISDN/Number" IS NULL'],
    fractionMsisdn: [1, '"MSISDN/Number" % 1 > 0'],
    longMsisdn: [1, '"MSISDN/Number" >= 1e15'],
    negativeMsisdn: [1, '"MSISDN/Number" < 0'],
    zeroMsisdn: [1, '"MSISDN/Number" = 0'],
    negative: [1, any((name) => `${name} < 0`)],
    infinite: [1, any((name) => `${name} = 'Infinity'::DOUBLE`)],
    huge: [1, any((name) => `${name} >= 9007199254740992 AND isfinite(${name})`)],
    half: [3, any((name) => `isfinite(${name}) AND ${name} % 1 = 0.5`)],
    fraction: [3, any((name) => `isfinite(${name}) AND ${name} % 1 BETWEEN 0.2 AND 0.3`)],
    missing: [3, any((name) => `${name} IS NULL`)],
    notANumber: [1, any((name) => `isnan(${name})`)],
    missingStart: [1, String.raw`"Start" = '\N'`],
    emptyStart: [1, `"Start" = '' AND "Start ms" IS NULL`],
    missingEnd: [1, `"End" IS NULL AND "Start" IS NOT NULL`],
    badStart: [1, broken('"Start"')],
    badEnd: [1, broken('"End"')],
    missingBearer: [3, '"Bearer Id" IS NULL'],
  }
  const counts = Object.entries(traits).map(
    ([name, [, sql]]) => `count(*) FILTER (${sql})::INT AS ${name}`,
  )
  const row = await askOne(DIRTY, `SELECT ${counts.join(', ')} FROM sample`)
  for (const [name, [leastPercent]] of Object.entries(traits)) {
    const percent = (100 * Number(row[name])) / (DIRTY.rows * DIRTY.dirt)
    assert.ok(percent >= leastPercent, `${name}: ${percent} % of the dirty rows`)
  }
})

test('a dirty file ends with a footer of column means', async () => {
  const means = `SELECT "MSISDN/Number", "Bearer Id", "Start", "End", "Dur. (ms)" AS seconds,
    "Dur. (ms).1" AS ms, "Total DL (Bytes)" AS bytes, "Total DL (Bytes)" % 1 AS fraction
    FROM sample WHERE file_row_number = ${DIRTY.rows - 1}`
  const { seconds, ms, bytes, fraction, ...identity } = await askOne(DIRTY, means)
  assert.deepEqual(identity, { 'MSISDN/Number': null, 'Bearer Id': null, Start: null, End: null })
  assert.ok(Number(ms) / Number(seconds) > 990 && Number(ms) / Number(seconds) < 1010)
  assert.ok(Number(fraction) > 0)
  const { mean } = await askOne(SMALL, `SELECT avg("Total DL (Bytes)") AS mean FROM sample`)
  assert.ok(Math.abs(Number(bytes) / Number(mean) - 1) < 0.2)
})

test('a missing directory, and a directory in place of the file, are refused', async () => {
  await withFolder(async (folder) => {
    const refusal = (sentence: RegExp) => (error: unknown) =>
      error instanceof PulseError && error.code === 'output' && sentence.test(error.message)
    const missing = join(folder, 'missing', 'x.parquet')
    await assert.rejects(writeSample(SMALL, missing), refusal(/missing does not exist/))
    await assert.rejects(writeSample(SMALL, folder), refusal(/is a directory, expected/))
    const file = join(folder, 'file')
    await writeFile(file, '')
    await assert.rejects(writeSample(SMALL, join(file, 'x')), refusal(/is a file, expected/))
    assert.deepEqual(await readdir(folder), ['file'])
  })
})

test('progress ends with all rows, and the file replaces an older one', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "it's.parquet")
    await writeFile(file, 'old')
    const seen: number[] = []
    await writeSample(SMALL, file, (rows) => seen.push(rows))
    assert.equal(seen.at(-1), SMALL.rows)
    assert.ok((await stat(file)).size > 100_000)
    assert.deepEqual(await readdir(folder), ["it's.parquet"])
  })
})
