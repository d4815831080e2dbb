// The formats of texts in files and the unit of volumes: totals and hours are those of plain values.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import { AUTO_UNITS, type UnitOptions } from '../../../src/record/source-units.ts'
import { verifyState } from '../../../src/verify/run.ts'
import { LIMITS, writeVariant } from '../../parquet/variants.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { replay } from './replaying.ts'

const START_MS = Date.UTC(2019, 3, 14, 14, 5)
const HOUR_MS = 3_600_000
/** SQL of a time of row `row` as TIMESTAMP: an hour later each. */
const at = (offsetMs: number): string => `epoch_ms(${START_MS + offsetMs} + row * ${HOUR_MS})`
const spelt = (offsetMs: number, pattern: string): string =>
  `strftime(${at(offsetMs)}, ${literal(pattern)})`

const APPLICATIONS = ['Social Media', 'Google', 'Email', 'Youtube', 'Netflix', 'Gaming', 'Other']
const VOLUMES = [
  ...['Total DL (Bytes)', 'Total UL (Bytes)'],
  ...APPLICATIONS.flatMap((name) => [`${name} DL (Bytes)`, `${name} UL (Bytes)`]),
]
/** Plain values of a session of two hours. */
const PLAIN: Record<string, string> = {
  'MSISDN/Number': '33600000000 + row',
  Start: at(0),
  End: at(2 * HOUR_MS),
  'Start ms': '0',
  'End ms': '0',
  'Dur. (ms)': '7200000',
  ...Object.fromEntries(VOLUMES.map((name, n) => [name, `1234567 + 1000 * row + ${n}`])),
}
const times = (pattern: string): Record<string, string> => ({
  Start: spelt(0, pattern),
  End: spelt(2 * HOUR_MS, pattern),
})
/** SQL of a whole number with separators of thousands and an end. */
const grouped = (sql: string, mark: string, end: string): string =>
  `replace(format('{:,}', ${sql}), ',', ${literal(mark)}) || ${literal(end)}`

const write = (directory: string, name: string, columns: Record<string, string>, rows = 50) =>
  writeVariant(join(directory, `${name}.parquet`), { ...PLAIN, ...columns }, rows)

/** The state of a replay, compared with SQL. */
async function stateOf(files: string[], state: string, units: Partial<UnitOptions> = {}) {
  const { sources } = await replay(files, state, { units })
  assert.deepEqual((await verifyState(files, state, { ...AUTO_UNITS, ...units })).differing, [])
  const { hash, applied, hours, coerced } = await readBack(state)
  return { sources, hash, applied, hours, coerced }
}

const COMMAS = Object.fromEntries(
  ['Dur. (ms)', ...VOLUMES].map((name) => [name, grouped(`(${PLAIN[name]})`, '.', ',00')]),
)
const KINDS: [string, Record<string, string>, RegExp][] = [
  [
    'days before months',
    times('%d/%m/%Y %H:%M'),
    /times are day-first: the first part is above 12/,
  ],
  ['months before days', times('%-m/%-d/%Y %-H:%M'), /times are month-first: the second part/],
  ['dots and fractions', times('%d.%m.%Y %H:%M:%S.000'), /times are day-first/],
  ['AM and PM', times('%d-%m-%Y %I:%M %p'), /times are day-first/],
  ['AM and PM after a year', times('%Y-%m-%d %I:%M:%S %p'), /^End/],
  ['a decimal comma', COMMAS, /decimal comma in 17 columns: such as 7\.200\.000,00/],
  [
    'separators of thousands',
    { 'Total DL (Bytes)': grouped(`(${PLAIN['Total DL (Bytes)']})`, ',', '') },
    /decimal point in "Total DL \(Bytes\)": such as 1,234,567/,
  ],
]
for (const [name, columns, evidence] of KINDS) {
  test(`${name} give the state of plain values`, () =>
    withDirectory(async (directory) => {
      const plain = await write(directory, 'plain', {})
      const expected = await stateOf([plain], join(directory, 'expected'))
      const text = await write(directory, 'text', columns)
      const found = await stateOf([text], join(directory, 'found'))
      assert.equal(found.hash, expected.hash)
      assert.deepEqual([found.applied, found.hours], [expected.applied, expected.hours])
      assert.deepEqual(found.coerced, {})
      assert.match(found.sources[0].evidence, evidence)
    }))
}

test('a European CSV gives the state of plain values', () =>
  withDirectory(async (directory) => {
    const plain = await write(directory, 'plain', {})
    const expected = await stateOf([plain], join(directory, 'expected'))
    const text = await write(directory, 'text', { ...times('%d.%m.%Y %H:%M:%S'), ...COMMAS })
    const csv = join(directory, 'export.csv')
    await withDatabase(LIMITS, (connection) =>
      connection.run(`COPY (FROM ${literal(text)}) TO ${literal(csv)} (HEADER, DELIMITER ';')`),
    )
    const found = await stateOf([csv], join(directory, 'found'))
    assert.equal(found.hash, expected.hash)
  }))

test('days up to 12 stop, take the option, and are then known to further files', () =>
  withDirectory(async (directory) => {
    const early = (name: string, day: number, msisdn: number) =>
      write(directory, name, {
        'MSISDN/Number': `${msisdn} + row`,
        Start: literal(`0${day}/04/2019 14:05`),
        End: literal(`0${day}/04/2019 16:05`),
      })
    const first = await early('first', 3, 33_600_000_000)
    const second = await early('second', 4, 33_700_000_000)
    const state = join(directory, 'state')
    await assert.rejects(
      replay([first], state),
      /first\.parquet: the order of day and month .*all 100 times, such as 03\/04\/2019 14:05.*--time-format/,
    )
    assert.equal(existsSync(state), false)
    await replay([first], state, { units: { timeFormat: 'day-first' } })
    const { sources } = await replay([second], state)
    assert.match(sources[0].evidence, /times are day-first: as in the other source/)
    const { hours } = await readBack(state)
    const days = [3, 4].map((day) => Date.UTC(2019, 3, day, 14))
    assert.deepEqual(
      hours.map(([hour]) => hour),
      days,
    )
    const other = replay([first], state, { units: { timeFormat: 'month-first' } })
    await assert.rejects(other, /applied with --time-format day-first \(asked for: month-first\)/)
    // In one run the file that can show it decides for the others.
    const clear = await early('clear', 3, 33_800_000_000)
    const shows = await write(directory, 'shows', times('%d/%m/%Y %H:%M'))
    const run = await replay([clear, shows], join(directory, 'run'))
    assert.deepEqual(
      run.sources.map(({ timeFormat }) => timeFormat),
      ['day-first', 'day-first'],
    )
  }))

test('one contradicting row at the end of a file is noticed, and refused with examples', () =>
  withDirectory(async (directory) => {
    const start = `CASE WHEN row < 49 THEN ${spelt(0, '%d/%m/%Y %H:%M')} ELSE '04/30/2019 14:05' END`
    const mixed = await write(directory, 'mixed', { ...times('%d/%m/%Y %H:%M'), Start: start })
    const state = join(directory, 'state')
    const sentence =
      /the first part is above 12 in 99 of 100 times, such as 14\/04\/2019 14:05; .* 1 of 100 times, such as 04\/30\/2019 14:05/
    await assert.rejects(replay([mixed], state), sentence)
    assert.equal(existsSync(state), false)
    const units = { timeFormat: 'day-first' } as const
    await assert.rejects(replay([mixed], state, { units }), /contradicts its rows.*--force-units/)
    const forced = await stateOf([mixed], state, { ...units, forceUnits: true })
    assert.equal(forced.coerced['Start'], 1)
  }))

test('numbers that are possible in both formats take the option, the other columns, or stop', () =>
  withDirectory(async (directory) => {
    const either = { 'Total DL (Bytes)': `'1.234'` }
    const alone = await write(directory, 'alone', either)
    await assert.rejects(
      replay([alone], join(directory, 'state')),
      /the number format of "Total DL \(Bytes\)" .*all 50 with a separator are like 1\.234.*--number-format/,
    )
    const downloads = async (file: string, units: Partial<UnitOptions>): Promise<number> => {
      const state = join(directory, `state-${Math.random()}`)
      await stateOf([file], state, units)
      const { subscribers } = await readBack(state)
      return subscribers.reduce((sum, [, row]) => sum + row[3], 0)
    }
    assert.equal(await downloads(alone, { numberFormat: 'comma' }), 50 * 1234)
    assert.equal(await downloads(alone, { numberFormat: 'point' }), 50)
    const comma = await write(directory, 'comma', { ...either, 'Total UL (Bytes)': `'12,5'` })
    assert.equal(await downloads(comma, {}), 50 * 1234)
    const point = await write(directory, 'point', { ...either, 'Total UL (Bytes)': `'12.5'` })
    assert.equal(await downloads(point, {}), 50)
    const mixed = await write(directory, 'mixed', {
      'Total DL (Bytes)': `CASE WHEN row < 49 THEN '12,5' ELSE '12.5' END`,
    })
    await assert.rejects(
      replay([mixed], join(directory, 'state')),
      /49 values with a decimal comma, such as 12,5, 1 with a decimal point, such as 12\.5/,
    )
  }))

test('volumes in another unit need the option, agree with names, and are whole bytes', () =>
  withDirectory(async (directory) => {
    const plain = await write(directory, 'plain', {})
    const expected = await stateOf([plain], join(directory, 'expected'))
    const scaled = (per: number): Record<string, string> =>
      Object.fromEntries(VOLUMES.map((name) => [name, `(${PLAIN[name]}) / ${per}`]))
    const named = join(directory, 'named.parquet')
    const bytes = await write(directory, 'bytes', scaled(1e6))
    await withDatabase(LIMITS, (connection) => {
      const names = VOLUMES.map((name) => `"${name}" AS "${name.replace('Bytes', 'MB')}"`)
      const list = `* EXCLUDE (${VOLUMES.map((name) => `"${name}"`).join(', ')}), ${names.join(', ')}`
      return connection.run(`COPY (SELECT ${list} FROM ${literal(bytes)}) TO ${literal(named)}`)
    })
    const state = join(directory, 'state')
    await assert.rejects(
      replay([named], state),
      /"Total DL \(MB\)" ends in another unit than bytes/,
    )
    await assert.rejects(replay([named], state, { units: { volumeUnit: 'KiB' } }), /contradicts/)
    assert.equal(existsSync(state), false)
    const found = await stateOf([named], state, { volumeUnit: 'MB' })
    assert.equal(found.hash, expected.hash)
    assert.deepEqual(found.coerced, {}, 'rounding to bytes is not a fault')
    assert.match(found.sources[0].evidence, /volumes are in MB: set by --volume-unit MB/)
    // Without the option the file is read on as it was.
    const again = await replay([named], state)
    assert.equal(again.sources[0].volumeUnit, 'MB')
    const other = replay([named], state, { units: { volumeUnit: 'KB' } })
    await assert.rejects(other, /applied with --volume-unit MB \(asked for: KB\)/)
    // Names that state bytes contradict it.
    const against = replay([bytes], join(directory, 'b'), { units: { volumeUnit: 'MB' } })
    await assert.rejects(against, /"Total DL \(Bytes\)" ends in another unit than MB/)
    const units = { volumeUnit: 'MiB', forceUnits: true } as const
    const mebibytes = await write(directory, 'mebibytes', scaled(2 ** 20))
    const forced = await stateOf([mebibytes], join(directory, 'forced'), units)
    assert.equal(forced.hash, expected.hash)
  }))
