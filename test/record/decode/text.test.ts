// Text in place of numbers and times has the value that the SQL over Parquet gives it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { msisdnSql } from '../../../src/parquet/sql/msisdn.ts'
import { literal, queryRows } from '../../../src/duckdb.ts'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { PLACE } from '../../../src/record/columns.ts'
import { msisdnAt, numberAt, presenceAt, timeAt } from '../../../src/record/decode/avro-bytes.ts'
import { IMPRECISE, msisdnOf } from '../../../src/record/msisdn.ts'
import { isMissing, timeOf } from '../../../src/record/decode/text.ts'
import { wallClockOf } from '../../../src/record/decode/text-zone.ts'
import { amountOf } from '../../../src/record/decode/amount.ts'
import { monthFirst as reading } from './month-first.ts'
import { inDatabase, read } from './sql-values.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const BATCH = 500
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']
const TEXTS = reading('UTC')
const MONTH_FIRST = { timeFormat: 'month-first' } as const
const [FROM, TO] = [Date.UTC(2000, 0), Date.UTC(2100, 0)]

/** A time out of range is treated as unreadable, as validation does. */
const judged = (ms: number): number => (ms < FROM || ms >= TO ? UNREADABLE : ms)

function compare(texts: readonly string[], found: number[], expected: number[]): void {
  for (const [i, text] of texts.entries()) {
    assert.ok(
      Object.is(found[i] + 0, expected[i] + 0),
      `${JSON.stringify(text)} is ${found[i]}, expected ${expected[i]} (seed ${SEED})`,
    )
  }
}

const characters = (all: string): fc.Arbitrary<string> => fc.constantFrom(...all.split(''))

/** The same for texts of messages. */
const inBytes = (
  texts: readonly string[],
  readAt: (bytes: Uint8Array, from: number, to: number) => number,
): number[] =>
  texts.map((text) => {
    const bytes = Buffer.from(`1${text}1`)
    return readAt(bytes, 1, bytes.length - 1)
  })

// prettier-ignore
const NUMBERS = [
  '1', '+1', '-1', ' 1 ', '\t1', '1\t', '1\n', '1.', '.5', '.', '-.5', '+.5', '1e5', '1E+5', '1e-5',
  '1e', '1e+', '1e400', '-1e400', '1e-400', 'inf', 'Infinity', '-inf', '+inf', 'infinit', 'nan',
  '-nan', '+nan', 'NaN ', '\tnan', '1_000', '1__0', '_1', '1_', '1_0.5', '1.5_5', '1.5e1_0', '0x1f',
  '0b1', '1,5', '1 2', 'true', '--1', '+-1', '- 1', '1f', '00012', '1e05', '1e5.0', '１', '', '  ',
  '\\N', '\\\\N', '\\n', 'NULL', 'undefined', 'Undefined', '123456789012345678', '9007199254740993',
  '1.7976931348623157e308', '-1.7976931348623157e308', '1.e5', '.e5', 'e5', '1e 5', '1\r', '\v1', '\f1', '1_e5', '1e_5', '-0',
  '1.3E+9', '+ 1', '1.5.5', '1e5e5', 'infinity ', 'INFINITY', '0e0', '++1', '\u00a01', '1\u3000', '\u2003', '\t\u00a01', '-+1', '+-inf', 'None',
]
const numberLike = fc.oneof(
  fc.string({ unit: characters('0123456789.-+eE_ \t\u00a0'), maxLength: 12 }),
  fc.tuple(fc.double(), fc.constantFrom('', ' ', '\n')).map(([n, end]) => `${end}${n}${end}`),
  fc.string({ maxLength: 8 }),
  fc.constantFrom(...NUMBERS),
)

test('numbers in every spelling are read as by DuckDB', () =>
  inDatabase(async (connection) => {
    const texts = [...NUMBERS, ...fc.sample(numberLike, { numRuns: 5000, seed: SEED })]
    for (let at = 0; at < texts.length; at += BATCH) {
      // A literal cannot contain a zero byte.
      const some = texts.slice(at, at + BATCH).filter((text) => !text.includes('\0'))
      const numbers = some.map((text) => amountOf(text, 'point'))
      compare(some, numbers, await read(connection, 'Total DL (Bytes)', some, MONTH_FIRST))
      compare(some, some.map(msisdnOf), await read(connection, 'MSISDN/Number', some, MONTH_FIRST))
      compare(some, inBytes(some, msisdnAt), some.map(msisdnOf))
      const presence = some.map((text) => (isMissing(text) ? NaN : 1))
      compare(some, presence, await read(connection, 'Bearer Id', some, MONTH_FIRST))
      const inMessages = inBytes(some, (...at) => numberAt(...at, TEXTS, PLACE.amounts + 1))
      compare(some, inMessages, numbers)
      compare(some, inBytes(some, presenceAt), presence)
    }
  }))

test('an MSISDN is the same number in every spelling, in SQL as well', () =>
  inDatabase(async (connection) => {
    const number = 33_612_345_678
    // prettier-ignore
    const same = [
      '33612345678', '+33612345678', '0033612345678', '+33 6 12 34 56 78', '33-612-345-678',
      'tel:+33612345678', 'TEL:0033-6 12345678', ' 33612345678 ', '\t33612345678\r\n', '33612345678.0',
      '33612345678.000', '+33 612345678.', '33612345678\u00a0', '3.3612345678E+10', '3.3612345678e10',
      '33612345678e0', '336.12345678E8',
    ]
    // prettier-ignore
    const imprecise = ['3.36E+10', '3.36e10', '336E8', '+3.361234567E10', '0.336E11', '0003.36E+10', '1E5']
    // prettier-ignore
    const unreadable = ['33 6x', 'tel:', '+', '--33612345678', '33612345678-', '++33612345678', 'tel:tel:1', 'E5', '.E5']
    const texts = [...same, ...imprecise, ...unreadable]
    const expected = [
      ...same.map(() => number),
      ...imprecise.map(() => IMPRECISE),
      ...unreadable.map(() => UNREADABLE),
    ]
    compare(texts, texts.map(msisdnOf), expected)
    compare(texts, await read(connection, 'MSISDN/Number', texts, MONTH_FIRST), expected)
    const padded = await queryRows(
      connection,
      `SELECT ${msisdnSql('x')} AS value
      FROM (SELECT chr(0) || '33612345678' || chr(0) || chr(0) AS x)`,
    )
    assert.equal(Number(padded[0]['value']), number)
    assert.equal(msisdnOf('\u000033612345678\u0000\u0000'), number)
    const spelt = fc.string({ unit: characters('0123456789+- .eEtl:\t'), maxLength: 16 })
    const random = fc.sample(spelt, { numRuns: 4000, seed: SEED })
    compare(
      random,
      random.map(msisdnOf),
      await read(connection, 'MSISDN/Number', random, MONTH_FIRST),
    )
  }))

// prettier-ignore
const TIMES = [
  '4/4/2019 12:01', '04/04/2019 12:01', '4/4/2019 12:01:18', '4/4/2019 1:1', '4/4/2019 1:1:1',
  '4/4/19 12:01', '13/4/2019 12:01', '2/29/2019 12:01', '2/29/2020 12:01', '4/4/2019 24:00',
  '4/4/2019 12:60', '4/4/2019 12:01:60', '4/4/2019', '4/4/2019  12:01', ' 4/4/2019 12:01 ',
  '4/4/2019\t12:01', '4/4/2019 12:01 PM', '4/4/2019 12:01:18.5', '004/4/2019 12:01',
  '4/ 4/2019 12:01', '4/4/02019 12:01', '4/4/2019 012:01', '2019-04-04', '2019-4-4',
  '2019-04-04 12:01', '2019-04-04 12', '2019-04-04T12:01', '2019-04-04T12:01:18',
  '2019-04-04T12:01:18.123', '2019-04-04T12:01:18.123456789', '2019-04-04T12:01:18.',
  '2019-04-04T12:01:18.9996', '2019-04-04T12:01:18.05', '2019-04-04 1:1:1',
  '2019-04-04T12:01:18 Europe/Berlin', '2019-04-04T12:01:18z', '2019-04-04t12:01:18',
  '2019/04/04 12:01:18', '2019 04 04 12:01:18', '2019-04/04', '20190404', '20190404T120118',
  '2019-04-04 24:00:00', '2019-04-04 25:00:00', '2019-04-04 12:60:00', '2019-02-29', '2019-04-31',
  '2019-13-01', '2019-04-04  12:01:18', '  2019-04-04 12:01:18  ', '2019-04-04 12:01:18 x', 'epoch',
  'infinity', '1554379278', '1554379278000', '99-1-1', '12019-01-01', '2019-04-04T', '2019-04-04 ',
  '2019-04-04T12', '2019-04-04T12:', '2019-04-04T12:01:', '2019-001-01', '+2019-01-01',
  '2019-04-04T012:01:18', '2019-04-04 12:01 ', '2019-04-04T 12:01', '2019-04-04 12:01:18 \t',
  '2019-04-04 12:01:18\t', '2019-04-04\n', '3/31/2019 2:30', '10/27/2019 2:30', '10/27/2019 3:00', '3/31/2019 3:00',
  '3/10/2019 2:30', '11/3/2019 1:30', '4/7/2019 1:45', '10/6/2019 2:15', '2019-10-27 02:00:00.5',
  '\t2019-04-04 12:01:18\n', 'Apr 4 2019', '4-4-2019 12:01', '2019-04-04T12:01:18,5', 'undefined',
  '0004/4/2019 12:01', '4//4/2019 12:01', '4/4/2019 12:01:', '4/4/+2019 12:01', '\\N', '', 'NaN',
  '4/4/201912:01', '\u00a04/4/2019 12:01', '\u00a02019-04-04', '4/4/2019 12:01\t', '\t4/4/2019 12:01', '2019-04-04\t12:01', '1/1/2000 0:00',
  '20190404120118', '201904041201', '20190230', '20190404126018', '20190404240000', '20191301',
  '946684799', '946684800', '4102444799', '4102444800', '1554379278.123', '1554379278123.9',
  '1554379278123999', '1554379278123000000', '1554379278123999999', '1554379278123999999.5',
  '15543792781239999991', '20190404.0', '20190404.5', ' 20190404 ', '+20190404', '1.554379278e9',
  '20991231235959', '21000101', '19991231', '20000101', '20190404T', '2019040412', '201904041201.',
  '12/31/2099 23:59:59', '1/1/2100 0:00', '12/31/1999 23:59',
]
const digits = (most: number): fc.Arbitrary<string> => fc.nat(most).map(String)
const monthFirst = fc
  .tuple(
    ...[digits(14), fc.constantFrom('/', '/', '-'), digits(33), fc.constant('/')],
    ...[fc.constantFrom('2019', '2020', '19', '1999'), fc.constantFrom(' ', ' ', 'T', '  ')],
    ...[digits(26), fc.constant(':'), digits(62), fc.constantFrom('', '', ':5', ':59', ':60')],
  )
  .map((parts) => parts.join(''))
const anInstant = fc.date({
  min: new Date('1999-12-01'),
  max: new Date('2100-02-01'),
  noInvalidDate: true,
})
const iso = fc
  .tuple(anInstant, fc.constantFrom(10, 13, 16, 19, 20, 21, 22, 23), fc.constantFrom(' ', 'T'))
  .map(([date, length, between]) => date.toISOString().slice(0, length).replace('T', between))
/** Hours around the changes of the clock of every zone tried. */
const nearChange = fc
  .tuple(
    fc.constantFrom('2019-03-10', '2019-03-31', '2019-04-07', '2019-10-06', '2019-10-27'),
    fc.nat(4 * 24 * 4),
  )
  .map(([day, quarters]) =>
    new Date(Date.parse(day) - 86_400_000 + quarters * 900_000).toISOString().slice(0, 19),
  )
const timeLike = fc.oneof(
  ...[monthFirst, iso, nearChange, fc.constantFrom(...TIMES)],
  fc.string({ unit: characters('0123456789/-: .T'), maxLength: 20 }),
  fc
    .tuple(anInstant, fc.constantFrom(8, 10, 12, 14))
    .map(([date, length]) => date.toISOString().replace(/\D/g, '').slice(0, length)),
  fc
    .tuple(anInstant, fc.constantFrom('', '.5', '.123', '999', '000', '999999', '000000.5'))
    .map(([date, end]) => `${date.getTime()}${end}`),
)

for (const zone of ZONES) {
  test(`times without a zone are read as by DuckDB in ${zone}`, () =>
    inDatabase(async (connection) => {
      const clock = wallClockOf(zone)
      const texts = [...TIMES, ...fc.sample(timeLike, { numRuns: 4000, seed: SEED })]
      for (let at = 0; at < texts.length; at += BATCH) {
        const some = texts.slice(at, at + BATCH).filter((text) => !NAMES_ZONE.test(text))
        const found = some.map((text) => judged(timeOf(text, clock, 'month-first')))
        const expected = await read(connection, 'Start', some, MONTH_FIRST, zone)
        compare(some, found, expected.map(judged))
        const bytes = inBytes(some, (...place) => judged(timeAt(...place, reading(zone))))
        compare(some, bytes, found)
      }
    }))
}

const NAMES_ZONE = /:\d+(\.\d*)?(Z| UTC|[+-]\d)/
// prettier-ignore
const ZONED = [
  '2019-04-04T12:01:18Z', '2019-04-04 12:01:18Z', '2019-04-04T12:01:18+02:00',
  '2019-04-04T12:01:18+02', '2019-04-04T12:01:18+0200', '2019-04-04T12:01:18-05:30',
  '2019-04-04T12:01:18 UTC', '2019-04-04T12:01:18.123Z', '2019-04-04 12:01:18.5+01',
  '2019-04-04T12:01:18+02:00:30',
]

test('times with a zone are instants, for any configured zone', () =>
  inDatabase(async (connection) => {
    const rows = await queryRows(
      connection,
      `SELECT epoch_ms(try_cast(time AS TIMESTAMPTZ))::DOUBLE AS ms
        FROM (SELECT unnest([${ZONED.map(literal).join(', ')}]) AS time)`,
    )
    const clock = wallClockOf('America/New_York')
    const found = ZONED.map((text) => timeOf(text, clock, null))
    const expected = rows.map(({ ms }) => Number(ms))
    compare(ZONED, found, expected)
  }))
