// Compiled decoders write the values that avsc reads, for any schema, and survive any bytes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro from 'avsc'
import fc from 'fast-check'
import { PulseError } from '../../../src/errors.ts'
import { compileAvro, type DecodeRow } from '../../../src/record/decode/avro.ts'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { drawNested } from './avro-nested.ts'
import { drawSample, type Json, type Sample } from './avro-random.ts'
import { monthFirst } from './month-first.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const UTC = { texts: monthFirst('UTC') }

const typeOf = (schema: Json): avro.Type =>
  avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })

const newColumns = (rows = 1): Float64Array[] => USED_COLUMNS.map(() => new Float64Array(rows))

/** Decodes bytes within a larger buffer; asserts that the rows around the row are unchanged. */
function decodeRow(decode: DecodeRow, bytes: Uint8Array): number[] | null {
  const around = Buffer.concat([Buffer.alloc(3, 255), bytes, Buffer.alloc(12, 255)])
  const columns = newColumns(3)
  for (const column of columns) column.fill(-77)
  const done = decode(around, 3, 3 + bytes.length, columns, 1)
  for (const column of columns) assert.deepEqual([column[0], column[2]], [-77, -77])
  return done ? columns.map((column) => column[1]) : null
}

const same = (found: number[] | null, expected: number[], what: string): void => {
  assert.ok(found !== null, `rejected: ${what}`)
  for (const [at, column] of USED_COLUMNS.entries()) {
    assert.ok(
      Object.is(found[at] + 0, expected[at] + 0),
      `${column} is ${found[at]}, expected ${expected[at]}: ${what}`,
    )
  }
}

test('records of any schema are read as by avsc', () => {
  const property = fc.property(fc.gen(), (g) => {
    const { schema, value, expected } = drawSample(g)
    const type = typeOf(schema)
    const bytes = type.toBuffer(value)
    // Checks the expectation itself: avsc reads what was written.
    const read: unknown = type.fromBuffer(bytes)
    assert.deepEqual(type.toBuffer(read), bytes)
    same(decodeRow(compileAvro(schema, UTC), bytes), expected, JSON.stringify(schema))
  })
  fc.assert(property, { seed: SEED, numRuns: 400 })
})

test('records within records are read by a map as by avsc, and a null one is named', () => {
  const property = fc.property(fc.gen(), (g) => {
    const { schema, value, expected, mapped, nullPath } = drawNested(g)
    const bytes = typeOf(schema).toBuffer(value)
    const decode = compileAvro(schema, { ...UTC, mapped })
    const what = JSON.stringify({ schema, mapped })
    same(decodeRow(decode, bytes), expected, what)
    assert.equal(decode.nullPath?.() ?? null, nullPath, what)
    assert.equal(decodeRow(decode, bytes.subarray(0, -1)), null)
  })
  fc.assert(property, { seed: SEED, numRuns: 200 })
})

test('a truncated message is malformed, as is one with extra bytes', () => {
  const property = fc.property(fc.gen(), (g) => {
    const { schema, value } = drawSample(g)
    const decode = compileAvro(schema, UTC)
    const bytes = typeOf(schema).toBuffer(value)
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeRow(decode, bytes.subarray(0, length)), null, `cut at ${length}`)
    }
    assert.equal(decodeRow(decode, Buffer.concat([bytes, Buffer.alloc(1)])), null)
  })
  fc.assert(property, { seed: SEED, numRuns: 60 })
})

test('bytes with random faults are rejected or numbers, without delay', () => {
  const property = fc.property(fc.gen(), (g) => {
    const { schema, value } = drawSample(g)
    const decode = compileAvro(schema, UTC)
    const bytes = typeOf(schema).toBuffer(value)
    for (let round = 0; round < 60; round++) {
      const broken = Buffer.from(bytes)
      const faults = g(fc.integer, { min: 1, max: 4 })
      for (let fault = 0; fault < faults; fault++) {
        const likely: number[] = [0, 1, 127, 128, 255, g(fc.nat, 255)]
        broken[g(fc.nat, bytes.length - 1)] = likely[g(fc.nat, 5)]
      }
      decodeRow(decode, broken)
    }
  })
  fc.assert(property, { seed: SEED, numRuns: 60 })
})

/** All needed columns as longs, except those with another type in `types`. */
function schemaOf(types: Readonly<Record<string, Json>>, more: Json[] = []): Sample['schema'] {
  const fields = USED_COLUMNS.map((column) => ({
    name: column.toLowerCase().replace(/[^a-z0-9]+/g, '_'),
    type: types[column] ?? 'long',
  }))
  return { type: 'record', name: 'Session', fields: [...more, ...fields] as { name: string }[] }
}

/** An integer as Avro encodes it. */
function zigzag(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return [...bytes, Number(rest)]
}
const ZEROS = USED_COLUMNS.map(() => 0)

test('longs of all sizes become the nearest double', () => {
  const decode = compileAvro(schemaOf({}), UTC)
  const aLong = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: -3, max: 3 }))
      .map(([n, off]) => BigInt.asIntN(64, 2n ** BigInt(n) + BigInt(off))),
  )
  const property = fc.property(
    fc.array(aLong, { minLength: USED_COLUMNS.length, maxLength: USED_COLUMNS.length }),
    (values) => {
      const found = decodeRow(decode, Buffer.from(values.flatMap(zigzag)))
      const last = USED_COLUMNS.length - 1
      assert.ok(found !== null)
      assert.deepEqual(found.slice(6), values.slice(6).map(Number))
      // The last long of a buffer takes another path, which checks the end.
      const alone = [...ZEROS.slice(1), ...zigzag(values[last])]
      assert.equal(decodeRow(decode, Buffer.from(alone))?.[last], Number(values[last]))
      const ninth = Array<number>(9).fill(255)
      assert.equal(decodeRow(decode, Buffer.from([...ninth, 2, ...ZEROS.slice(1)])), null)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 1000 })
})

const aSize = fc.nat(130).map(BigInt)

test('decimals of any length and scale are the nearest double', () => {
  const property = fc.property(
    aSize.chain((bits) => fc.bigInt({ min: -(2n ** bits), max: 2n ** bits })),
    fc.nat(30),
    (unscaled, scale) => {
      const bytes: number[] = []
      for (let rest = unscaled; bytes.length < 17; rest >>= 8n) {
        bytes.unshift(Number(BigInt.asUintN(8, rest)))
        if ((rest === 0n && bytes[0] < 128) || (rest === -1n && bytes[0] > 127)) break
      }
      const type = { type: 'bytes', logicalType: 'decimal', precision: 60, scale }
      const decode = compileAvro(schemaOf({ 'MSISDN/Number': type }), UTC)
      const found = decodeRow(decode, Buffer.from([2 * bytes.length, ...bytes, ...ZEROS.slice(1)]))
      assert.equal(found?.[0], Number(`${unscaled}e-${scale}`))
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 1000 })
})

test('a field with the name of a column wins over one with that alias', () => {
  const schema = schemaOf({}, [{ name: 'customer_id', aliases: ['msisdn'], type: 'long' }])
  assert.equal(decodeRow(compileAvro(schema, UTC), Buffer.from([8, 6, ...ZEROS.slice(1)]))?.[0], 3)
})

test('a real number that equals the mark of unreadable text is negative infinity', () => {
  const schema = schemaOf({ 'Dur. (ms)': 'double' })
  const bytes = Buffer.alloc(USED_COLUMNS.length + 7)
  bytes.writeDoubleLE(UNREADABLE, 6)
  assert.equal(decodeRow(compileAvro(schema, UTC), bytes)?.[6], -Infinity)
})

/** Bytes of one field before 23 zeros. */
const poison = (type: Json, ...bytes: number[]): number[] | null => {
  const schema = schemaOf({}, [{ name: 'first', type }])
  return decodeRow(compileAvro(schema, UTC), Buffer.from([...bytes, ...ZEROS]))
}
const HUGE = zigzag(2n ** 62n)

test('impossible lengths and counts are malformed', () => {
  const array = { type: 'array', items: 'long' }
  const nulls = { type: 'array', items: 'null' }
  const nothing = { type: 'record', name: 'Nothing', fields: [] }
  for (const type of ['string', 'bytes']) {
    assert.ok(poison(type, 2, 65) !== null)
    assert.equal(poison(type, 1), null, 'a negative length')
    assert.equal(poison(type, 255, 1), null, 'a negative length of two bytes')
    assert.equal(poison(type, ...HUGE), null, 'a length beyond the end')
    assert.equal(poison(type, 126), null, 'a length a little beyond the end')
  }
  assert.ok(poison(['null', 'long'], 0) !== null)
  assert.ok(poison(['null', 'long'], 128, 0) !== null, 'a zero in two bytes')
  assert.equal(poison(['null', 'long'], 4), null, 'a branch that does not exist')
  assert.equal(poison(['null', 'long'], 1), null, 'a negative branch')
  assert.equal(poison(['null', 'long'], ...HUGE), null, 'a branch far off')
  assert.ok(poison('long', ...Array<number>(9).fill(255), 1) !== null)
  assert.equal(poison('long', ...Array<number>(9).fill(255), 2), null, '65 bits')
  assert.equal(poison('long', ...Array<number>(10).fill(128), 0), null, 'eleven bytes')
  assert.ok(poison(array, 2, 0, 0) !== null)
  assert.equal(poison(array, ...HUGE), null, 'more items than bytes')
  assert.ok(poison(array, 3, 4, 0, 0, 0) !== null, 'a block with its size')
  assert.equal(poison(array, 3, 3, 0, 0, 0), null, 'a block of negative size')
  assert.equal(poison(array, 3, ...HUGE), null, 'a block beyond the end')
  assert.ok(poison(nulls, 10, 0) !== null)
  assert.equal(poison(nulls, ...HUGE, 0), null, 'no end of nulls')
  assert.equal(poison({ type: 'array', items: nothing }, ...HUGE, 0), null, 'no end of nothing')
  assert.equal(poison({ type: 'map', values: 'null' }, ...HUGE), null, 'no end of keys')
})

test('nested records are read up to a depth', () => {
  const list = (tail: Json): Json => ({
    type: 'record',
    name: 'List',
    fields: [{ name: 'tail', type: tail }],
  })
  const nested = (depth: number): number[] => [...Array<number>(depth).fill(2), 0]
  assert.ok(poison(list(['null', 'List']), ...nested(50)) !== null)
  assert.equal(poison(list(['null', 'List']), ...nested(100_000)), null)
  assert.equal(poison(list('List')), null, 'a record without an end')
  const tree = { type: 'array', items: 'List' }
  assert.equal(poison(list(tree), ...Array<number>(100_000).fill(2)), null)
})

test('an unknown symbol of an enum is malformed', () => {
  const schema = schemaOf({ 'Dur. (ms)': { type: 'enum', name: 'E', symbols: ['x', 'NaN'] } })
  const decode = compileAvro(schema, UTC)
  const row = (symbol: number): Buffer =>
    Buffer.from(ZEROS.map((_, at) => (USED_COLUMNS[at] === 'Dur. (ms)' ? symbol : 0)))
  assert.equal(decodeRow(decode, row(0))?.[6], UNREADABLE)
  assert.equal(decodeRow(decode, row(2))?.[6], NaN)
  assert.equal(decodeRow(decode, row(4)), null)
  assert.equal(decodeRow(decode, row(1)), null)
})

test('milliseconds since 1970 stand for a time that a schema lacks', () => {
  const schema = schemaOf({})
  const fields = schema.fields.filter(({ name }) => name !== 'start' && name !== 'end')
  const type = { ...schema, fields }
  const ms = 1_554_379_278_123
  const bytes = fields.flatMap(({ name }) => zigzag(BigInt(/_ms$/.test(name) ? ms : 1)))
  const found = decodeRow(compileAvro(type, UTC), Buffer.from(bytes))
  assert.deepEqual(found?.slice(2, 6), [ms, NaN, ms, NaN])
})

test('wall clock times are of the configured zone, instants are not', () => {
  const timestamp = (logicalType: string): Json => ({ type: 'long', logicalType })
  const schema = schemaOf({
    Start: timestamp('local-timestamp-millis'),
    End: timestamp('timestamp-nanos'),
  })
  const decode = compileAvro(schema, { texts: monthFirst('Europe/Berlin') })
  const noon = Date.UTC(2019, 6, 1, 12)
  const times = [BigInt(noon), 0n, BigInt(noon) * 1_000_000n + 1_999_999n]
  const bytes = [0, 0, ...times.flatMap(zigzag), ...ZEROS.slice(5)]
  const found = decodeRow(decode, Buffer.from(bytes))
  assert.deepEqual(found?.slice(2, 5), [noon - 7_200_000, 0, noon + 1])
})

test('times are exact to the millisecond in every unit', () => {
  const ms = Array.from({ length: 64 }, (_, n) => 1_554_379_278_000n + BigInt(n) * 1_000_037n)
  const long = (logicalType?: string): Json => ({ type: 'long', logicalType })
  const cases: [Json, (ms: bigint) => bigint][] = [
    [long('timestamp-nanos'), (one) => one * 1_000_000n],
    [long('timestamp-nanos'), (one) => one * 1_000_000n + 999_999n],
    [long('timestamp-micros'), (one) => one * 1000n + 999n],
    [long(), (one) => one * 1_000_000n],
    [long(), (one) => one * 1_000_000n + 999_999n],
    [long(), (one) => one * 1000n + 999n],
    [long(), (one) => one],
  ]
  for (const [type, stored] of cases) {
    const decode = compileAvro(schemaOf({ Start: type }), UTC)
    for (const one of ms) {
      const bytes = [0, 0, ...zigzag(stored(one)), ...ZEROS.slice(3)]
      assert.equal(decodeRow(decode, Buffer.from(bytes))?.[2], Number(one), JSON.stringify(type))
    }
  }
})

test('an MSISDN of type float is refused, in a union as well', () => {
  for (const type of ['float', ['null', 'float']]) {
    const schema = schemaOf({ 'MSISDN/Number': type })
    assert.throws(() => compileAvro(schema, UTC), /"MSISDN\/Number" is of type float.*15 digits/)
  }
})

test('a duration of a type with a unit is in milliseconds', () => {
  const time = (type: string, logicalType: string): Json => ({ type, logicalType })
  const place = USED_COLUMNS.indexOf('Dur. (ms)')
  const types: [Json, bigint, boolean][] = [
    [time('int', 'time-millis'), 7_200_500n, true],
    [time('long', 'time-micros'), 7_200_500_000n, true],
    ['long', 7_200_500n, false],
  ]
  for (const [type, stored, isOwn] of types) {
    const decode = compileAvro(schemaOf({ 'Dur. (ms)': type }), UTC)
    const bytes = [...ZEROS.slice(0, place), ...zigzag(stored), ...ZEROS.slice(place + 1)]
    assert.equal(decodeRow(decode, Buffer.from(bytes))?.[place], 7_200_500)
    assert.equal(decode.ownDuration, isOwn)
  }
  const union = ['long', time('int', 'time-millis')] as unknown
  assert.throws(() => compileAvro(schemaOf({ 'Dur. (ms)': union }), UTC), /with and without a unit/)
})

test('a plain long is seconds since 1970 or the digits of a date, by its size', () => {
  const decode = compileAvro(schemaOf({ Start: 'long' }), { texts: monthFirst('Europe/Berlin') })
  const cases: [bigint, number][] = [
    [1_554_379_278n, 1_554_379_278_000],
    [20_190_704_120_118n, Date.UTC(2019, 6, 4, 10, 1, 18)],
    [201_907_041_201n, Date.UTC(2019, 6, 4, 10, 1)],
    [20_190_704n, Date.UTC(2019, 6, 3, 22)],
    [20_190_732n, UNREADABLE],
    [20_190_704_240_000n, UNREADABLE],
    [0n, UNREADABLE],
    [-1_554_379_278n, UNREADABLE],
    [946_684_799n, UNREADABLE],
    [4_102_444_800_000n, UNREADABLE],
    [9_223_372_036_854_775_807n, UNREADABLE],
  ]
  for (const [value, expected] of cases) {
    const bytes = [0, 0, ...zigzag(value), ...ZEROS.slice(3)]
    assert.equal(decodeRow(decode, Buffer.from(bytes))?.[2], expected, String(value))
  }
})

const rejects = (schema: Json, code: string, ...parts: string[]): void => {
  assert.throws(
    () => compileAvro(schema, UTC),
    (error) => {
      assert.ok(error instanceof PulseError)
      assert.equal(error.code, code)
      for (const part of parts) assert.ok(error.message.includes(part), error.message)
      return true
    },
  )
}

test('a schema without a needed column, or with a list for it, is refused by name', () => {
  const { fields, ...rest } = schemaOf({})
  const without = fields.filter(({ name }) => name !== 'msisdn_number')
  rejects({ ...rest, fields: without }, 'input-column', '"MSISDN/Number" is missing')
  const array = { type: 'array', items: 'long' }
  for (const type of [array, ['null', array], { type: 'fixed', name: 'F', size: 4 }]) {
    rejects(schemaOf({ 'Dur. (ms)': type }), 'input-column', '"Dur. (ms)" is of type ')
  }
  const twice = [...fields, { name: 'duration', type: 'long' }]
  rejects({ ...rest, fields: twice }, 'input-column', 'could both be')
})

test('a schema that does not describe a record is refused', () => {
  const record = (type: Json): Json => ({
    type: 'record',
    name: 'R',
    fields: [{ name: 'a', type }],
  })
  let deep: Json = 'long'
  for (let n = 0; n < 10_000; n++) deep = { type: 'array', items: deep }
  const wrong: Json[] = [
    ...[null, 5, 'long', 'Unknown', [], {}, { type: 'record' }, record('Unknown'), record(7)],
    ...[record({ type: 'fixed', name: 'F', size: -1 }), record({ type: 'enum', name: 'E' })],
    ...[record(deep), { type: 'record', name: 'R', fields: [null] }, record({ type: 'fixed' })],
  ]
  for (const schema of wrong) rejects(schema, 'input-invalid', 'Avro schema: ')
})

test('a field renamed without an alias is known by its name in other versions', () => {
  const { fields, ...rest } = schemaOf({})
  const renamed = fields.map((field) =>
    field.name === 'msisdn_number' ? { ...field, name: 'subscriber_number' } : field,
  )
  const schema = { ...rest, fields: renamed }
  rejects(schema, 'input-column', '"MSISDN/Number" is missing')
  const renames = new Map([['subscriber_number', 'msisdn']])
  const decode = compileAvro(schema, { ...UTC, renames })
  assert.equal(decodeRow(decode, Buffer.from([14, ...ZEROS.slice(1)]))?.[0], 7)
})

test('names in namespaces are resolved', () => {
  const inner = {
    ...{ type: 'record', name: 'other.space.Inner' },
    fields: [
      { name: 'a', type: { type: 'fixed', name: 'Two', size: 2 } },
      { name: 'b', type: 'Two' },
    ],
  }
  const { fields, ...rest } = schemaOf({}, [
    { name: 'x', type: inner },
    { name: 'y', type: 'other.space.Two' },
    { name: 'z', type: { type: 'enum', name: 'Two', symbols: ['p'] } },
    { name: 'w', type: ['null', 'my.Two'] },
  ])
  const schema = { ...rest, namespace: 'my', fields }
  const bytes = Buffer.from([9, 9, 9, 9, 9, 9, 0, 2, 0, ...ZEROS])
  assert.equal((typeOf(schema).fromBuffer(bytes) as { z: string }).z, 'p')
  const expected: Record<string, number> = { 'Bearer Id': 1, Start: UNREADABLE, End: UNREADABLE }
  const values = USED_COLUMNS.map((column) => expected[column] ?? 0)
  same(decodeRow(compileAvro(schema, UTC), bytes), values, 'namespaces')
})

test('no text of a schema is part of the generated code', () => {
  const evil = '"];process.exit(1);//${x}`\n'
  const schema = schemaOf({}, [
    { name: evil, aliases: [evil], type: { type: 'enum', name: evil, symbols: [evil] } },
    {
      name: 'r',
      type: { type: 'record', name: `${evil}2`, fields: [{ name: evil, type: 'null' }] },
    },
  ])
  const { fields } = schema
  const withEnum = fields.map((field) =>
    field.name === 'dur_ms_'
      ? { ...field, type: { type: 'enum', name: 'E', symbols: [evil] } }
      : field,
  )
  const found = decodeRow(
    compileAvro({ ...schema, fields: withEnum }, UTC),
    Buffer.from([0, ...ZEROS]),
  )
  assert.equal(found?.[6], UNREADABLE)
})
