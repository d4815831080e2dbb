// JSON messages are read under any name of a column, and any bytes are survived.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { compileJson, MOST_JSON_BYTES } from '../../../src/record/decode/json.ts'
import { XDR_FIELDS } from '../../../src/record/xdr-schema.ts'
import { monthFirst } from './month-first.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const decode = compileJson(monthFirst('Europe/Berlin'))
const COLUMNS: readonly string[] = USED_COLUMNS

/** Decodes bytes within a larger buffer; null if they are malformed. */
function decodeBytes(bytes: Uint8Array): number[] | null {
  const around = Buffer.concat([Buffer.from('{"'), bytes, Buffer.from('"}')])
  const columns = USED_COLUMNS.map(() => Float64Array.of(-77, -77, -77))
  const done = decode(around, 2, 2 + bytes.length, columns, 1)
  for (const column of columns) assert.deepEqual([column[0], column[2]], [-77, -77])
  return done ? columns.map((column) => column[1]) : null
}
const decodeText = (text: string): number[] | null => decodeBytes(Buffer.from(text))

/** What is written, by column; missing values are omitted. */
function written(text: string): Record<string, number> | null {
  const row = decodeText(text)
  if (row === null) return null
  const pairs = row.map((value, at): [string, number] => [COLUMNS[at], value])
  return Object.fromEntries(pairs.filter(([, value]) => !Number.isNaN(value)))
}

const aValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => [n, n] as const),
  fc.maxSafeInteger().map((n) => [n, n] as const),
  fc.constantFrom(
    ...([
      [null, NaN],
      [true, 1],
      [false, 0],
      ['12', 12],
      ['', NaN],
      ['\\N', NaN],
    ] as const),
    ...([
      ['x', UNREADABLE],
      ['1.3E+6', 1.3e6],
      ['undefined', NaN],
      ['é', UNREADABLE],
    ] as const),
  ),
)

test('objects with columns under any of their names are read by value', () => {
  const amounts = COLUMNS.slice(6)
  const names = fc.tuple(
    ...amounts.map((name) =>
      fc.constantFrom(name, XDR_FIELDS.get(name) ?? name, name.toUpperCase()),
    ),
  )
  const values = fc.array(fc.option(aValue), { minLength: 17, maxLength: 17 })
  const more = fc.dictionary(
    // Blanks and punctuation alone would leave the name of a column.
    fc.string().map((name) => `unknown ${name}`),
    fc.jsonValue(),
  )
  const property = fc.property(names, values, more, (spelt, drawn, others) => {
    const object: Record<string, unknown> = { ...others, msisdn: 7 }
    const expected = USED_COLUMNS.map(() => NaN)
    expected[0] = 7
    for (const [at, pair] of drawn.entries()) {
      if (pair === null) continue
      object[spelt[at]] = pair[0]
      expected[6 + at] =
        pair[1] === UNREADABLE && pair[0] !== 'x' && pair[0] !== 'é' ? -Infinity : pair[1]
    }
    const found = decodeText(JSON.stringify(object))
    assert.deepEqual(
      found?.map((value) => value + 0),
      expected.map((value) => value + 0),
    )
  })
  fc.assert(property, { seed: SEED, numRuns: 500 })
})

test('times are instants, seconds or milliseconds since 1970, or text of the zone', () => {
  const noon = Date.UTC(2019, 6, 1, 12)
  const startOf = (value: unknown): number | undefined =>
    written(JSON.stringify({ Start: value, msisdn: 1 }))?.Start
  assert.equal(startOf(noon), noon)
  assert.equal(startOf(noon / 1000), noon)
  assert.equal(startOf('7/1/2019 14:00'), noon)
  assert.equal(startOf('2019-07-01T12:00:00Z'), noon)
  assert.equal(startOf(true), UNREADABLE)
  assert.equal(startOf('soon'), UNREADABLE)
  assert.equal(startOf(null), undefined)
})

test('milliseconds without a time are the time when they are large enough', () => {
  const ms = 1_554_379_278_123
  assert.deepEqual(written(`{"start_ms": ${ms}, "end_ms": ${ms}}`), { Start: ms, End: ms })
  assert.deepEqual(written('{"start_ms": 250}'), { 'Start ms': 250 })
  assert.deepEqual(written(`{"start": null, "start_ms": ${ms}}`), { Start: ms })
})

test('times as numbers are exact in every unit, digits of a date are of the zone', () => {
  const start = (value: string): number | undefined => written(`{"start": ${value}}`)?.Start
  for (let n = 0; n < 64; n++) {
    const ms = 1_554_379_278_000 + n * 1_000_037
    for (const end of ['', '000', '999', '000000', '999999']) {
      assert.equal(start(`${ms}${end}`), ms, `${ms}${end}`)
      assert.equal(start(`"${ms}${end}"`), ms, `"${ms}${end}"`)
    }
    assert.equal(start(`${ms / 1000}`), ms)
  }
  assert.equal(start('20190704120118'), Date.UTC(2019, 6, 4, 10, 1, 18))
  assert.equal(start('201907041201'), Date.UTC(2019, 6, 4, 10, 1))
  assert.equal(start('"20190704"'), Date.UTC(2019, 6, 3, 22))
  for (const value of ['20190732', '0', '1e30', '-1554379278', '5e9', '20190704.5']) {
    assert.equal(start(value), UNREADABLE, value)
  }
})

test('nanoseconds are those of the message, not of an object inside it', () => {
  const inner = '{"start": 1600000000000000001}'
  const text = `{"a": ${inner}, "start": 1554379278123999999, "b": ${inner}}`
  assert.deepEqual(written(text), { Start: 1_554_379_278_123 })
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const found = written(`{"start": 1554379278123456789, "imsi": ${deep}}`)
  assert.deepEqual(found, { Start: 1_554_379_278_123 })
})

test('a Bearer Id is present or missing', () => {
  const bearer = (value: string): number | undefined =>
    written(`{"bearer_id": ${value}}`)?.['Bearer Id']
  for (const value of ['1', '"13114483460844900000"', '1e300', 'true'])
    assert.equal(bearer(value), 1)
  for (const value of ['null', '""', '"NaN"', '"\\\\N"']) assert.equal(bearer(value), undefined)
})

test('of two names of a column the canonical one wins, else the first', () => {
  assert.deepEqual(written('{"duration": 1, "Dur. (ms)": 2, "dur_ms": 3}'), { 'Dur. (ms)': 2 })
  assert.deepEqual(written('{"Dur. (ms)": null, "duration": 1}'), {})
  assert.deepEqual(written('{"duration": 1, "dur_ms": 3}'), { 'Dur. (ms)': 1 })
  assert.deepEqual(written('{"dur_ms": 1, "dur_ms": 3}'), { 'Dur. (ms)': 3 })
})

test('numbers beyond the range of float64 are infinite or 0', () => {
  assert.deepEqual(written('{"imei": 1, "msisdn": 9007199254740993}'), {
    'MSISDN/Number': 9007199254740992,
  })
  assert.deepEqual(written('{"msisdn": 1e999, "dur_ms": -1.7976931348623157e308}'), {
    'MSISDN/Number': Infinity,
    'Dur. (ms)': -Infinity,
  })
})

test('a message that is not an object with a known column is malformed', () => {
  const wrong = [
    '',
    ' ',
    '{',
    '[]',
    'null',
    '1',
    '"msisdn"',
    '{}',
    '{"a": 1}',
    '{"msisdn": 1',
    '[{}]',
  ]
  const more = [
    '{"msisdn": 1}}',
    '{"msisdn": NaN}',
    '{"msisdn": [1]}',
    '{"dur_ms": {}}',
    '{"start": []}',
  ]
  for (const text of [...wrong, ...more]) assert.equal(decodeText(text), null, text)
  assert.notEqual(decodeText('{"imsi": 1}'), null, 'a known column that is not used')
  assert.notEqual(decodeText('{"imsi": [1], "msisdn": 1, "__proto__": {"msisdn": 2}}'), null)
  assert.equal(decodeBytes(Buffer.from([...Buffer.from('{"msisdn": "'), 255, 34, 125])), null)
})

test('deep and long messages are bounded', () => {
  const deep = '['.repeat(500_000)
  assert.equal(decodeText(deep), null)
  assert.equal(decodeText(`{"msisdn": ${'{"a":'.repeat(150_000)}`), null)
  const closed = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  assert.notEqual(decodeText(`{"imsi": ${closed}, "msisdn": 1}`), null)
  const long = (length: number): string => `{"msisdn": 1, "a": "${' '.repeat(length - 22)}"}`
  assert.notEqual(decodeText(long(MOST_JSON_BYTES)), null)
  assert.equal(decodeText(long(MOST_JSON_BYTES + 1)), null)
})

test('a stream of new names is read correctly', () => {
  for (let n = 0; n < 10_000; n++) {
    assert.deepEqual(written(`{"n${n}": 1, "MSISDN": ${n + 1}}`), { 'MSISDN/Number': n + 1 })
  }
})

test('bytes with random faults are rejected or numbers', () => {
  const message = Buffer.from(
    JSON.stringify({ msisdn: 33664962239, Start: '4/4/2019 12:01', dur_ms: 1.5 }),
  )
  const aFault = fc.tuple(fc.nat(message.length - 1), fc.nat(255))
  const property = fc.property(
    fc.array(aFault, { maxLength: 4 }),
    fc.nat(message.length),
    (faults, length) => {
      const broken = Buffer.from(message)
      for (const [at, byte] of faults) broken[at] = byte
      decodeBytes(broken)
      if (length < message.length) assert.equal(decodeBytes(message.subarray(0, length)), null)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 3000 })
})
