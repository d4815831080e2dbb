// Units and formats of files are decided on evidence, and verify finds the same by its own SQL.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { test } from 'node:test'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import { verifyState } from '../../../src/verify/run.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { LIMITS, writeVariant } from '../../parquet/variants.ts'
import { replay, type Changes } from './replaying.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/evidence')
const fixture = (name: string): string => join(FIXTURES, `${name}.parquet`)

/** What the rows of most fixtures amount to. */
const SUMS = {
  subscribers: 59,
  records: 300,
  sessions: 300,
  durationMs: 13_269_760_341,
  downlinkBytes: 8_901_182_379,
  uplinkBytes: 10_552_313_108,
}

/** Replays files into a new state, verifies it, and returns its sums. */
async function sumsOf(files: string[], changes: Changes = {}): Promise<Record<string, number>> {
  return withDirectory(async (directory) => {
    await replay(files, directory, changes)
    const verification = await verifyState(files, directory)
    assert.deepEqual(verification.differing, [])
    const { subscribers } = await readBack(directory)
    const sum = (at: number): number => subscribers.reduce((total, [, row]) => total + row[at], 0)
    const names = Object.keys(SUMS).slice(1)
    const sums = names.map((name, at): [string, number] => [name, sum(at)])
    return { subscribers: subscribers.length, ...Object.fromEntries(sums) }
  })
}

test('digits of a date are times with their hours', async () => {
  const file = fixture('digits-of-a-date')
  assert.deepEqual(await sumsOf([file]), SUMS)
  await withDirectory(async (directory) => {
    await replay([file], directory)
    const { hours, coerced } = await readBack(directory)
    assert.ok(hours.length > 100 && hours.every(([hour]) => hour !== null))
    assert.equal(coerced.Start, undefined)
  })
})

const MS = `(epoch_ms(strptime("Start", '%m/%d/%Y %H:%M')) + row)`
/** SQL of Start as each kind of number or text that is a time. */
const TIMES: Record<string, string> = {
  s: `(${MS} // 1000)::INTEGER`,
  'double s': `${MS} / 1000.0`,
  ms: MS,
  us: `${MS} * 1000 + 999`,
  ns: `${MS} * 1000000 + 999999`,
  'double ns': `(${MS} * 1000000)::DOUBLE`,
  'decimal ns': `(${MS} * 1000000 + 999999)::DECIMAL(19,0)`,
  'text us': `(${MS} * 1000 + 999)::VARCHAR`,
  'text ns': `(${MS} * 1000000 + 999999)::VARCHAR`,
  'text s': `(${MS} / 1000.0)::DECIMAL(18,3)::VARCHAR`,
  digits: `strftime(epoch_ms(${MS}), '%Y%m%d%H%M%S')::BIGINT`,
  'double digits': `strftime(epoch_ms(${MS}), '%Y%m%d%H%M')::DOUBLE`,
  'text digits': `strftime(epoch_ms(${MS}), '%Y%m%d')`,
  'no times': 'row',
}
for (const [name, sql] of Object.entries(TIMES)) {
  for (const timeZone of ['UTC', 'America/New_York']) {
    test(`verify finds the times of ${name} in ${timeZone} by itself`, () =>
      withDirectory(async (directory) => {
        const file = await writeVariant(join(directory, 'a.parquet'), { Start: sql })
        const changes = {
          state: { timeZone },
          units: { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: true },
        } as const
        const state = join(directory, 'state')
        await replay([file], state, changes)
        assert.deepEqual((await verifyState([file], state, changes.units)).differing, [])
        const { hours } = await readBack(join(directory, 'state'))
        assert.equal(hours[0][0] === null, name === 'no times')
      }))
  }
}

for (const unit of ['ns', 'us'] as const) {
  test(`a duration type of pandas in ${unit} has its own unit`, async () => {
    const file = fixture(`timedelta-${unit}`)
    assert.deepEqual(await sumsOf([file]), SUMS)
    await withDirectory(async (directory) => {
      const { sources } = await replay([file], directory)
      assert.equal(sources[0].durationUnit, unit)
      assert.match(sources[0].evidence, /its Arrow type is a duration in (nano|micro)seconds/)
    })
  })
}

test('durations in seconds are found in a file of long and in one of short sessions', async () => {
  const files = [fixture('seconds-long'), fixture('seconds-short')]
  assert.deepEqual(await sumsOf(files), {
    subscribers: 119,
    records: 600,
    sessions: 600,
    durationMs: 13_709_608_000,
    downlinkBytes: 18_254_121_081,
    uplinkBytes: 21_170_179_057,
  })
})

/** Rows of the fixture that are records, out of 50. */
const RECORDS = 47

/** Rows of whole minutes with a duration in seconds, in the unit of a factor per second. */
const minutes = (seconds: number, perSecond: number): Record<string, string> => ({
  Start: `epoch_ms(1554379260000 + row * 60000)`,
  End: `epoch_ms(1554379260000 + row * 60000 + ${seconds} // 60 * 60000)`,
  'MSISDN/Number': '33600000000 + row',
  'Start ms': '0',
  'End ms': '0',
  'Dur. (ms)': `${seconds * perSecond}::DOUBLE`,
})
const written = (directory: string, name: string, columns: Record<string, string>) =>
  writeVariant(join(directory, `${name}.parquet`), columns)

/** The durations of a state in seconds. */
async function secondsOf(state: string): Promise<number> {
  const { subscribers } = await readBack(state)
  return subscribers.reduce((sum, [, row]) => sum + row[2], 0) / 1000
}

for (const [unit, perSecond] of Object.entries({ ns: 1e9, us: 1e6, ms: 1e3, s: 1 })) {
  test(`plain durations in ${unit} are found, in verify as well`, () =>
    withDirectory(async (directory) => {
      const file = await written(directory, 'a', minutes(7200, perSecond))
      const { sources } = await replay([file], join(directory, 'state'))
      assert.equal(sources[0].durationUnit, unit)
      assert.match(sources[0].evidence, /in 50 of 50 rows/)
      assert.equal(await secondsOf(join(directory, 'state')), RECORDS * 7200)
      assert.deepEqual((await verifyState([file], join(directory, 'state'))).differing, [])
    }))
}

for (const [name, sql] of Object.entries({
  interval: "INTERVAL '7200.5 seconds'",
  time: "TIME '02:00:00.5'",
})) {
  test(`a duration of type ${name} has its own unit`, () =>
    withDirectory(async (directory) => {
      const columns = { ...minutes(7200, 1), 'Dur. (ms)': sql }
      const file = await written(directory, 'a', columns)
      await replay([file], join(directory, 'state'))
      assert.equal(await secondsOf(join(directory, 'state')), RECORDS * 7200.5)
      assert.deepEqual((await verifyState([file], join(directory, 'state'))).differing, [])
    }))
}

test('a file that cannot show it is read as others of the run and of the state, else refused', () =>
  withDirectory(async (directory) => {
    const long = await written(directory, 'long', minutes(7200, 1))
    const short = await written(directory, 'short', minutes(30, 1))
    const tail = await written(directory, 'tail', { ...minutes(40, 1), Start: 'NULL::TIMESTAMP' })
    const alone = join(directory, 'alone')
    await assert.rejects(replay([short], alone), (error: Error) => {
      assert.match(error.message, /short\.parquet: the unit of "Dur\. \(ms\)" cannot be determined/)
      assert.match(error.message, /no row distinguishes units.*--duration-unit ns\|us\|ms\|s/)
      return true
    })
    assert.equal(existsSync(alone), false, 'nothing is made')
    const state = join(directory, 'state')
    const { sources } = await replay([short, long], state)
    assert.deepEqual(
      sources.map(({ durationUnit }) => durationUnit),
      ['s', 's'],
    )
    assert.match(sources[0].evidence, /as in the other source with the same columns/)
    // The next run has the state only.
    const next = await replay([tail], state)
    assert.equal(next.sources[0].durationUnit, 's')
    assert.equal(await secondsOf(state), RECORDS * (7200 + 30 + 40))
    const { positions } = await readBack(state)
    assert.ok(positions.every(({ position }) => position.evidence !== ''))
  }))

test('both units in one file are refused with both counts, before anything is applied', () =>
  withDirectory(async (directory) => {
    const columns = minutes(7200, 1)
    const mixed = { ...columns, 'Dur. (ms)': 'CASE WHEN row < 30 THEN 7200 ELSE 7200000 END' }
    const file = await written(directory, 'mixed', mixed)
    const state = join(directory, 'state')
    await assert.rejects(replay([file], state), /20 agree with milliseconds, 30 agree with seconds/)
    assert.equal(existsSync(state), false)
  }))

test('the end of a large file is looked at, too', () =>
  withDirectory(async (directory) => {
    const columns = minutes(7200, 1)
    const path = join(directory, 'large.parquet')
    const base = await written(directory, 'base', columns)
    await withDatabase(LIMITS, (connection) =>
      connection.run(`COPY (SELECT * REPLACE (
          CASE WHEN i < 100000 THEN "Dur. (ms)" ELSE "Dur. (ms)" * 1000 END AS "Dur. (ms)")
        FROM (SELECT * FROM ${literal(base)} LIMIT 1), range(200000) AS numbers(i))
        TO ${literal(path)} (FORMAT parquet)`),
    )
    await assert.rejects(replay([path], join(directory, 'state')), /agree with milli.*agree with s/)
  }))

test('a large file with a column called file_row_number is looked at by its rows', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'large.parquet')
    const base = await written(directory, 'base', minutes(7200, 1))
    await withDatabase(LIMITS, (connection) =>
      connection.run(`COPY (SELECT *, 1 AS file_row_number
        FROM (SELECT * FROM ${literal(base)} LIMIT 1), range(60000)) TO ${literal(path)}
        (FORMAT parquet)`),
    )
    const { sources } = await replay([path], join(directory, 'state'))
    assert.equal(sources[0].durationUnit, 's')
    assert.equal(await secondsOf(join(directory, 'state')), 60_000 * 7200)
  }))

test('an option belongs to a source: it is refused against its rows, and kept with its position', () =>
  withDirectory(async (directory) => {
    const long = await written(directory, 'long', minutes(7200, 1))
    const short = await written(directory, 'short', minutes(30, 1000))
    const state = join(directory, 'state')
    const set = (durationUnit: 'ms' | 's', forceUnits = false) => ({
      units: { durationUnit, forceUnits },
    })
    await assert.rejects(replay([long], state, set('ms')), /contradicts its rows.*--force-units/)
    await replay([short], state, set('ms'))
    await replay([long], state, set('s'))
    assert.equal(await secondsOf(state), RECORDS * (7200 + 30))
    // A file that was read stays what it is.
    await assert.rejects(replay([long], state, set('ms')), /were applied with --duration-unit s/)
    const forced = join(directory, 'forced')
    await replay([long], forced, set('ms', true))
    assert.equal(await secondsOf(forced), (RECORDS * 7200) / 1000)
  }))

test('a file with MSISDNs in float32 is refused, because they are not exact', () =>
  withDirectory(async (directory) => {
    const refused = replay([fixture('float32')], join(directory, 'state'))
    await assert.rejects(refused, /float32\.parquet: .*"MSISDN\/Number" has type FLOAT.*15 digits/)
    assert.equal(existsSync(join(directory, 'state')), false)
  }))

test('MSISDNs in any spelling are one number, those short of digits are rejected', () =>
  withDirectory(async (directory) => {
    const spellings = ['+33 6 12 34 56 78', '0033612345678', 'tel:33-612-345-678', '33612345678.0']
    const all = [...spellings, '3.36E+10'].map((text) => `'${text}'`).join(', ')
    const msisdn = `list_extract([${all}], (row % 5 + 1)::INTEGER)`
    const columns = { ...minutes(7200, 1), 'MSISDN/Number': msisdn }
    const file = await written(directory, 'a', columns)
    await replay([file], join(directory, 'state'))
    const { subscribers, rejected } = await readBack(join(directory, 'state'))
    assert.deepEqual(
      subscribers.map(([number]) => number),
      [33_612_345_678],
    )
    assert.equal(rejected['imprecise-msisdn'], 10)
    assert.deepEqual((await verifyState([file], join(directory, 'state'))).differing, [])
  }))

test('a column with a decimal comma and one with separators of thousands are read as they are', async () => {
  const file = fixture('locale-numbers')
  assert.deepEqual(await sumsOf([file]), SUMS)
  await withDirectory(async (directory) => {
    const { sources } = await replay([file], directory)
    assert.deepEqual(sources[0].numberFormats, {
      'Total DL (Bytes)': 'comma',
      'Total UL (Bytes)': 'point',
    })
    assert.match(
      sources[0].evidence,
      /decimal comma in "Total DL \(Bytes\)": such as 26\.979\.196,00; decimal point in "Total UL/,
    )
  })
})

test('a needed column that is unreadable as a whole is refused, before anything is applied', () =>
  withDirectory(async (directory) => {
    const state = join(directory, 'state')
    const text = (bad: number): Record<string, string> => ({
      ...minutes(7200, 1),
      'Total UL (Bytes)': `CASE WHEN row < ${bad} THEN 'n/a?' ELSE '1234.5' END`,
    })
    const odd = await written(directory, 'odd', text(2))
    await replay([odd], state)
    const many = await written(directory, 'many', text(3))
    await assert.rejects(replay([many], state), /"Total UL \(Bytes\)" .* 3 of 50 rows/)
  }))
