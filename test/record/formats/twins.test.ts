// Times and numbers in every format: JavaScript and SQL read them alike, and show the same evidence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { queryRows, type DuckDBConnection } from '../../../src/duckdb.ts'
import { kindOf } from '../../../src/parquet/format-evidence.ts'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import { amountOf, formatShownBy } from '../../../src/record/decode/amount.ts'
import { numberAt, timeAt } from '../../../src/record/decode/avro-bytes.ts'
import { timeOf } from '../../../src/record/decode/text.ts'
import { createTextReading } from '../../../src/record/decode/text-reading.ts'
import { wallClockOf } from '../../../src/record/decode/text-zone.ts'
import { NUMBER_FORMATS, type NumberFormat } from '../../../src/record/formats/number-format.ts'
import { orderShownBy, TIME_FORMATS } from '../../../src/record/formats/time-format.ts'
import { PLAIN_UNITS, type SourceUnits } from '../../../src/record/source-units.ts'
import { inDatabase, read, tableOf } from '../decode/sql-values.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const BATCH = 500
const DOWNLOAD = 'Total DL (Bytes)'

function same<T>(texts: readonly string[], found: readonly T[], expected: readonly T[]): void {
  for (const [i, text] of texts.entries()) {
    const message = `${JSON.stringify(text)} is ${String(found[i])}, expected ${String(expected[i])} (seed ${SEED})`
    assert.ok(Object.is(found[i], expected[i]), message)
  }
}

const batches = (texts: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(texts.length / BATCH) }, (_, at) =>
    texts.slice(at * BATCH, (at + 1) * BATCH).filter((text) => !text.includes('\0')),
  )

const bytesOf = <T>(text: string, work: (bytes: Buffer, from: number, to: number) => T): T => {
  const bytes = Buffer.from(`1${text}1`)
  return work(bytes, 1, bytes.length - 1)
}

// prettier-ignore
const [APRIL_14, TWO_PM] = [Date.UTC(2019, 3, 14), Date.UTC(2019, 3, 14, 14, 5)]
/** Texts with their instant, month first and day first. */
const SPELT: readonly (readonly [text: string, monthFirst: number, dayFirst: number])[] = [
  ['4/14/2019 14:05', TWO_PM, UNREADABLE],
  ['14/04/2019 14:05', UNREADABLE, TWO_PM],
  ['14.04.2019 14:05:00', UNREADABLE, TWO_PM],
  ['14-4-2019 14:05', UNREADABLE, TWO_PM],
  ['04.14.2019 14:05', TWO_PM, UNREADABLE],
  ['14/04-2019 14:05', UNREADABLE, UNREADABLE],
  ['14.04.2019 14:05:00.250', UNREADABLE, TWO_PM + 250],
  ['14/04/2019 14:05:00.2509999', UNREADABLE, TWO_PM + 250],
  ['14/04/2019 14:05:00.123456789', UNREADABLE, TWO_PM + 123],
  ['4/14/2019 2:05 PM', TWO_PM, UNREADABLE],
  ['4/14/2019 02:05:00 pm', TWO_PM, UNREADABLE],
  ['14.04.2019 2:05 p.m.', UNREADABLE, TWO_PM],
  ['14/04/2019 2:05:00.250PM', UNREADABLE, TWO_PM + 250],
  ['04/14/2019 12:00 AM', APRIL_14, UNREADABLE],
  ['04/14/2019 12:00 PM', APRIL_14 + 43_200_000, UNREADABLE],
  ['4/14/2019 13:05 PM', UNREADABLE, UNREADABLE],
  ['4/14/2019 0:05 AM', UNREADABLE, UNREADABLE],
  ['2019-04-14 2:05 PM', TWO_PM, TWO_PM],
  ['2019/04/14 02:05:00 p.m.', TWO_PM, TWO_PM],
  ['2019-04-14 14:05 PM', UNREADABLE, UNREADABLE],
  ['3/4/2019 0:00', Date.UTC(2019, 2, 4), Date.UTC(2019, 3, 3)],
]

test('a time is read in the order of its source, with AM and PM and fractions of seconds', () =>
  inDatabase(async (connection) => {
    const texts = SPELT.map(([text]) => text)
    const clock = wallClockOf('UTC')
    for (const [at, timeFormat] of TIME_FORMATS.entries()) {
      const expected = SPELT.map((row) => row[1 + at] as number)
      same(
        texts,
        texts.map((text) => timeOf(text, clock, timeFormat)),
        expected,
      )
      same(texts, await read(connection, 'Start', texts, { timeFormat }), expected)
    }
    // Without an order only those whose year comes first are times.
    const yearFirst = SPELT.map(([, time, other]) => (time === other ? time : UNREADABLE))
    same(
      texts,
      texts.map((text) => timeOf(text, clock, null)),
      yearFirst,
    )
    same(texts, await read(connection, 'Start', texts, { timeFormat: null }), yearFirst)
  }))

const characters = (all: string): fc.Arbitrary<string> => fc.constantFrom(...all.split(''))
const part = (most: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(most), fc.boolean())
    .map(([value, padded]) => (padded ? String(value).padStart(2, '0') : String(value)))
const timeLike = fc.oneof(
  fc
    .tuple(
      fc.tuple(part(32), characters('/.-'), part(32), characters('/.-')),
      fc.constantFrom('2019', '2024', '19', '1999', '02019'),
      fc.constantFrom(' ', '  ', '\t', ''),
      fc.tuple(part(25), part(61), part(61)),
      fc.constantFrom('', '.', '.5', '.25', '.123', '.999999', '.123456789', '.1234567890'),
      fc.constantFrom('', ' AM', 'pm', ' p.m.', '\tA.M', ' PM ', ' P', ' pM.'),
    )
    .chain(([[a, one, b, two], year, gap, [hour, minute, second], fraction, half]) =>
      fc.constantFrom(
        `${a}${one}${b}${one}${year}${gap}${hour}:${minute}${half}`,
        `${a}${one}${b}${one}${year}${gap}${hour}:${minute}:${second}${fraction}${half}`,
        `${a}${one}${b}${two}${year}${gap}${hour}:${minute}:${second}${half}`,
        `${year}${one}${a}${one}${b}${gap}${hour}:${minute}${half}`,
        `${year}${one}${a}${one}${b}${gap}${hour}:${minute}:${second}${fraction}${half}`,
      ),
    ),
  fc.string({ unit: characters('0123456789/-: .apmAPM'), maxLength: 20 }),
)
const [FROM, TO] = [Date.UTC(2000, 0), Date.UTC(2100, 0)]
/** A time out of range is treated as unreadable, as validation does. */
const judged = (ms: number): number => (ms < FROM || ms >= TO ? UNREADABLE : ms)

for (const timeFormat of [...TIME_FORMATS, null]) {
  test(`random times are read alike, ${timeFormat ?? 'without an order'}`, () =>
    inDatabase(async (connection) => {
      const zone = 'Europe/Berlin'
      const units = { ...PLAIN_UNITS, timeFormat }
      const reading = createTextReading(zone, units)
      for (const texts of batches(fc.sample(timeLike, { numRuns: 6000, seed: SEED }))) {
        const found = texts.map((text) => judged(timeOf(text, reading.clock, timeFormat)))
        const sql = await read(connection, 'Start', texts, units, zone)
        same(texts, found, sql.map(judged))
        const inMessages = texts.map((text) =>
          judged(bytesOf(text, (...at) => timeAt(...at, reading))),
        )
        same(texts, inMessages, found)
      }
    }))
}

test('a day above 12 shows the order', () => {
  const shown: Record<string, ReturnType<typeof orderShownBy>> = {
    '14/04/2019 09:05': 'dayFirst',
    '04.14.2019 9:05:10': 'monthFirst',
    '4-4-2019 9:05 PM': 'either',
    '14/14/2019 09:05': null,
    '32/04/2019 09:05': null,
    '0/14/2019 09:05': null,
    '2019-04-14 09:05': null,
    '20190414090510': null,
    '14/04/19 09:05': null,
    '14/04-2019 09:05': null,
  }
  for (const [text, expected] of Object.entries(shown)) {
    assert.equal(orderShownBy(text), expected, text)
  }
})

/** Texts with the number in each format, and what they are evidence of. */
const NUMBERS: readonly (readonly [
  text: string,
  point: number,
  comma: number,
  shown: string | null,
])[] = [
  ['1.234,00', UNREADABLE, 1234, 'comma'],
  ['1.234.567', UNREADABLE, 1_234_567, 'comma'],
  ['1234,5', UNREADABLE, 1234.5, 'comma'],
  ['-1.234,5', UNREADABLE, -1234.5, 'comma'],
  ['1,23E+10', UNREADABLE, 1.23e10, 'comma'],
  [',5', UNREADABLE, 0.5, 'comma'],
  ['1 234,567', UNREADABLE, 1234.567, 'comma'],
  ['1\u202f234\u00a0567,5', UNREADABLE, 1_234_567.5, 'comma'],
  ['1,234.00', 1234, UNREADABLE, 'point'],
  ['1,234,567', 1_234_567, UNREADABLE, 'point'],
  ['1234.5', 1234.5, UNREADABLE, 'point'],
  ['1234.567', 1234.567, UNREADABLE, 'point'],
  ['0.123', 0.123, UNREADABLE, 'point'],
  ['1.23E+10', 1.23e10, UNREADABLE, 'point'],
  ['1.234e3', 1234, UNREADABLE, 'point'],
  ["1'234.50", 1234.5, UNREADABLE, 'point'],
  ['1,234', 1234, 1.234, 'either'],
  ['1.234', 1.234, 1234, 'either'],
  ['1234567', 1_234_567, 1_234_567, null],
  ["1'234", 1234, 1234, null],
  ['1 234 567', 1_234_567, 1_234_567, null],
  ['1’234', 1234, 1234, null],
  ['1e3', 1000, 1000, null],
  ['inf', Infinity, Infinity, null],
  ['NaN', NaN, NaN, null],
  ['1,234,56', UNREADABLE, UNREADABLE, null],
  ['1.234 567', UNREADABLE, UNREADABLE, null],
  ['12 34', UNREADABLE, UNREADABLE, null],
  ['1,23,456', UNREADABLE, UNREADABLE, null],
  ['n.a.', UNREADABLE, UNREADABLE, null],
  ['12.05.2019', UNREADABLE, UNREADABLE, null],
  ['', NaN, NaN, null],
]

/** What SQL takes texts as evidence of. */
async function shownInSql(
  connection: DuckDBConnection,
  texts: readonly string[],
): Promise<(string | null)[]> {
  const sql = `SELECT ${kindOf('trim("x")')} AS kind FROM ${tableOf(texts, 'x')}`
  return (await queryRows(connection, sql)).map(({ kind }) => kind as string | null)
}

const commaOf = (format: NumberFormat): Partial<SourceUnits> => ({
  numberFormats: { [DOWNLOAD]: format },
})

test('a number is read in the format of its column, and shows it or not', () =>
  inDatabase(async (connection) => {
    const texts = NUMBERS.map(([text]) => text)
    for (const [at, format] of NUMBER_FORMATS.entries()) {
      const expected = NUMBERS.map((row) => row[1 + at] as number)
      same(
        texts,
        texts.map((text) => amountOf(text, format)),
        expected,
      )
      same(texts, await read(connection, DOWNLOAD, texts, commaOf(format)), expected)
    }
    const shown = NUMBERS.map(([, , , kind]) => kind)
    same<string | null>(texts, texts.map(formatShownBy), shown)
    same(texts, await shownInSql(connection, texts), shown)
  }))

const grouped = fc
  .tuple(
    fc.constantFrom('', '-', '+', '-+'),
    fc.array(fc.nat(1999).map(String), { minLength: 1, maxLength: 4 }),
    fc.constantFrom(...",. '\u00a0\u202f’".split('')),
    fc.constantFrom('', ',', '.', ',0', '.5', ',123', '.123', 'e3', 'E+10', ',5e2'),
    fc.constantFrom('', ' ', '\u00a0'),
  )
  .map(([sign, parts, mark, end, space]) => `${space}${sign}${parts.join(mark)}${end}${space}`)
const numberLike = fc.oneof(
  grouped,
  fc.string({ unit: characters("0123456789.,+-eE_ '\u00a0"), maxLength: 12 }),
  fc
    .double({ noNaN: true, max: 1e308, min: -1e308 })
    .map((value) => String(value).replace('.', ',')),
)

test('random numbers are read alike in both formats, and show the same', () =>
  inDatabase(async (connection) => {
    for (const texts of batches(fc.sample(numberLike, { numRuns: 8000, seed: SEED }))) {
      for (const format of NUMBER_FORMATS) {
        const found = texts.map((text) => amountOf(text, format) + 0)
        const sql = await read(connection, DOWNLOAD, texts, commaOf(format))
        same(
          texts,
          found,
          sql.map((value) => value + 0),
        )
        const reading = createTextReading('UTC', { ...PLAIN_UNITS, ...commaOf(format) })
        const place = USED_COLUMNS.indexOf(DOWNLOAD)
        assert.ok(place > PLACE.duration)
        const inMessages = texts.map(
          (text) => bytesOf(text, (...at) => numberAt(...at, reading, place)) + 0,
        )
        same(texts, inMessages, found)
      }
      const shown: (string | null)[] = texts.map(formatShownBy)
      same(texts, await shownInSql(connection, texts), shown)
    }
  }))
