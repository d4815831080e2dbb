// The oracle itself against rows whose results were computed by hand.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { oracle, oracleJson, type OracleOptions, type RawCell, type RawRows } from './oracle.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures/parquet')
const AUTO: OracleOptions = { durationUnit: 'auto', missingMsisdn: 'reject' }
const APPLICATIONS = ['Social Media', 'Google', 'Email', 'Youtube', 'Netflix', 'Gaming', 'Other']

/** Total DL 1000, UL 100, applications 1 to 14, one hour from 8:00 to 9:00 on 2019-04-01. */
const GOOD: Record<string, RawCell> = {
  'MSISDN/Number': 33600000001,
  'Bearer Id': 1.3e19,
  Start: '4/1/2019 8:00',
  'Start ms': 250,
  End: '4/1/2019 9:00',
  'End ms': 750,
  'Dur. (ms)': 3600500,
  'Total DL (Bytes)': 1000,
  'Total UL (Bytes)': 100,
  ...Object.fromEntries(
    APPLICATIONS.flatMap((name, at) => [
      [`${name} DL (Bytes)`, 2 * at + 1],
      [`${name} UL (Bytes)`, 2 * at + 2],
    ]),
  ),
}
const EIGHT = 1554105600000 // 2019-04-01 8:00 UTC
const NINE = 1554109200000

const rowsOf = (...changes: Record<string, RawCell>[]): RawRows => ({
  columns: Object.keys(GOOD),
  rows: changes.map((change) => Object.values({ ...GOOD, ...change })),
})

const infinite = { number: 'Infinity' }
const nan = { number: 'NaN' }

test('two valid rows of one subscriber are summed', () => {
  const result = oracle(rowsOf({}, { Start: '4/1/2019 8:59', 'Dur. (ms)': 60500 }), AUTO)
  const applications = [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28]
  assert.deepEqual(result, {
    durationUnit: 'ms',
    rows: 2,
    applied: 2,
    rejected: {},
    coerced: {},
    missing: {},
    subscribers: new Map([
      [33600000001, [2, 2, 3661000, 2000, 200, ...applications, EIGHT + 250, NINE + 750]],
    ]),
    hours: new Map([
      [
        EIGHT,
        {
          records: 2,
          sessions: 2,
          durationMs: 3661000,
          downlinkBytes: 2000,
          uplinkBytes: 200,
          applications,
        },
      ],
    ]),
  })
})

test('each rejection has its reason, tested in order', () => {
  const cases: [Record<string, RawCell>, string][] = [
    [{ 'MSISDN/Number': null }, 'missing-msisdn'],
    [{ 'MSISDN/Number': nan, 'Total DL (Bytes)': -1 }, 'missing-msisdn'],
    [{ 'MSISDN/Number': String.raw` \n ` }, 'missing-msisdn'],
    [{ 'MSISDN/Number': null, Start: null, End: '', 'Other UL (Bytes)': 1.25 }, 'footer'],
    [{ 'MSISDN/Number': null, Start: null, End: null }, 'missing-msisdn'],
    [{ 'MSISDN/Number': null, Start: null, 'Other UL (Bytes)': 1.25 }, 'missing-msisdn'],
    [{ 'MSISDN/Number': 'abc' }, 'invalid-msisdn'],
    [{ 'MSISDN/Number': 33600000001.5 }, 'invalid-msisdn'],
    [{ 'MSISDN/Number': 1e15 }, 'invalid-msisdn'],
    [{ 'MSISDN/Number': -33600000001 }, 'invalid-msisdn'],
    [{ 'MSISDN/Number': 0, 'Total DL (Bytes)': -1 }, 'invalid-msisdn'],
    [{ 'MSISDN/Number': infinite }, 'invalid-msisdn'],
    [{ 'Dur. (ms)': -1 }, 'invalid-number'],
    [{ 'Email UL (Bytes)': '-0.25' }, 'invalid-number'],
    [{ 'Total UL (Bytes)': infinite }, 'invalid-number'],
    [{ 'Gaming DL (Bytes)': 9007199254740992 }, 'invalid-number'],
    [{ 'Gaming DL (Bytes)': { number: '9007199254740993' } }, 'invalid-number'],
  ]
  for (const [change, reason] of cases) {
    const { applied, rejected } = oracle(rowsOf(change), AUTO)
    assert.deepEqual({ applied, rejected }, { applied: 0, rejected: { [reason]: 1 } })
  }
  assert.equal(oracle(rowsOf({ 'MSISDN/Number': 999999999999999 }), AUTO).applied, 1)
  const seconds = { ...AUTO, durationUnit: 's' } as const
  assert.equal(oracle(rowsOf({ 'Dur. (ms)': 9007199254740 }), seconds).applied, 1)
  assert.equal(oracle(rowsOf({ 'Dur. (ms)': 9007199254741 }), seconds).applied, 0)
})

test('missing MSISDN may be folded under 0, but a footer never', () => {
  const raw = rowsOf(
    { 'MSISDN/Number': 'undefined' },
    { 'MSISDN/Number': null, Start: null, End: null, 'Email DL (Bytes)': 0.5 },
  )
  const result = oracle(raw, { ...AUTO, missingMsisdn: 'zero' })
  assert.deepEqual(result.rejected, { footer: 1 })
  assert.deepEqual([...result.subscribers.keys()], [0])
})

test('numbers are rounded, read from text or counted as missing', () => {
  const cases: [RawCell, number, 'coerced' | 'missing' | null][] = [
    [2.5, 3, 'coerced'],
    [2.4999, 2, 'coerced'],
    ['123.5', 124, 'coerced'],
    ['abc', 0, 'coerced'],
    ['1,5', 0, 'coerced'],
    ['1.3E+9', 1300000000, null],
    [' 123 ', 123, null],
    [{ number: '77.00' }, 77, null],
    [{ number: '77.50' }, 78, 'coerced'],
    [null, 0, 'missing'],
    [nan, 0, 'missing'],
    ['', 0, 'missing'],
    [String.raw`\N`, 0, 'missing'],
    [String.raw`\\N`, 0, 'missing'],
    ['NAN', 0, 'missing'],
    ['Undefined', 0, 'missing'],
    ['null', 0, 'missing'],
  ]
  for (const [cell, value, counted] of cases) {
    const result = oracle(rowsOf({ 'Google DL (Bytes)': cell }), AUTO)
    assert.equal(result.subscribers.get(33600000001)?.[7], value, JSON.stringify(cell))
    const one = { 'Google DL (Bytes)': 1 }
    assert.deepEqual(result.coerced, counted === 'coerced' ? one : {}, JSON.stringify(cell))
    assert.deepEqual(result.missing, counted === 'missing' ? one : {}, JSON.stringify(cell))
  }
})

test('missing values of a rejected row are not counted, and a bearer is present or missing', () => {
  const raw = rowsOf(
    { 'MSISDN/Number': 0, 'Google DL (Bytes)': null, 'Email DL (Bytes)': 0.5 },
    { 'Bearer Id': String.raw`\N` },
    { 'Bearer Id': 'abc' },
  )
  const { missing, coerced, subscribers } = oracle(raw, AUTO)
  assert.deepEqual({ missing, coerced }, { missing: { 'Bearer Id': 1 }, coerced: {} })
  assert.deepEqual(subscribers.get(33600000001)?.slice(0, 2), [2, 1])
})

test('times are read in every spelling, unknown ones are 0', () => {
  const cases: [RawCell, RawCell, number][] = [
    ['4/1/2019 8:00', 250, EIGHT + 250],
    ['04/01/2019 08:00:30', 250, EIGHT + 30250],
    ['2019-04-01 08:00:30', null, EIGHT + 30000],
    ['2019-04-01 08:00:30.5', 250, EIGHT + 30500],
    [{ time: '2019-04-01T08:00:00.000900' }, 250, EIGHT + 250],
    [{ time: '2019-04-01T08:00:00.007' }, 250, EIGHT + 7],
    ['4/1/2019 8:00', 1000, EIGHT],
    ['4/1/2019 8:00', -1, EIGHT],
    ['4/1/2019 8:00', 'abc', EIGHT],
    ['1/1/2000 0:00', 0, 946684800000],
    ['2/29/2020 0:00', 0, 1582934400000],
  ]
  for (const [start, ms, expected] of cases) {
    const result = oracle(rowsOf({ Start: start, 'Start ms': ms }), AUTO)
    assert.equal(result.subscribers.get(33600000001)?.[19], expected, JSON.stringify(start))
    assert.deepEqual([...result.hours.keys()], [expected - (expected % 3600000)])
  }
  const unknown = ['abc', '2/29/2019 0:00', '13/1/2019 0:00', '12/31/1999 23:59', '1/1/2100 0:00']
  for (const end of unknown) {
    const result = oracle(rowsOf({ End: end }), AUTO)
    assert.equal(result.subscribers.get(33600000001)?.[20], 0, end)
    assert.deepEqual(result.coerced, { End: 1 }, end)
  }
  const missing = oracle(rowsOf({ Start: '' }), AUTO)
  assert.deepEqual(missing.missing, { Start: 1 })
  assert.deepEqual([...missing.hours.keys()], [null])
})

test('a majority of durations decides between seconds and milliseconds', () => {
  const seconds = { 'Dur. (ms)': 3600 }
  assert.equal(oracle(rowsOf(seconds, seconds, {}), AUTO).durationUnit, 's')
  assert.equal(oracle(rowsOf(seconds, {}), AUTO).durationUnit, 'ms')
  const brief = { ...seconds, End: '4/1/2019 8:02', 'End ms': 250 }
  assert.equal(oracle(rowsOf(brief, { ...seconds, Start: null }), AUTO).durationUnit, 'ms')
  const result = oracle(rowsOf(seconds, { 'Dur. (ms)': 86.4 }, { 'Dur. (ms)': 1.2345 }), AUTO)
  assert.equal(result.subscribers.get(33600000001)?.[2], 3600000 + 86400 + 1235)
  assert.deepEqual(result.coerced, { 'Dur. (ms)': 1 })
})

test('the expected result of each fixture is that of the oracle', async () => {
  const names = (await readdir(FIXTURES)).filter((name) => name.endsWith('.rows.json'))
  assert.ok(names.length > 20)
  for (const name of names) {
    const read = async (file: string): Promise<unknown> =>
      JSON.parse(await readFile(join(FIXTURES, file), 'utf8'))
    const raw = (await read(name)) as RawRows
    const expected = await read(name.replace('.rows.json', '.json'))
    assert.deepEqual(JSON.parse(JSON.stringify(oracleJson(oracle(raw, AUTO)))), expected, name)
  }
})
