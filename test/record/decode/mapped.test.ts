// Columns under other names and within records are found by --map, in Avro and in JSON alike.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro from 'avsc'
import fc from 'fast-check'
import { PulseError } from '../../../src/errors.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import { compileAvro, type DecodeRow } from '../../../src/record/decode/avro.ts'
import { compileJson } from '../../../src/record/decode/json.ts'
import { jsonFault } from '../../../src/record/decode/json-fault.ts'
import { monthFirst } from './month-first.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const texts = monthFirst('UTC')

type Json = unknown
const record = (name: string, fields: Readonly<Record<string, Json>>): Json => ({
  ...{ type: 'record', name },
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
})
const SESSION = { isdn: 'long', took: 'double', dl: 'long', ul: 'long' }
const MAPPED = {
  'MSISDN/Number': ['after', 'isdn'],
  'Dur. (ms)': ['after', 'took'],
  'Total DL (Bytes)': ['after', 'dl'],
  'Total UL (Bytes)': ['after', 'ul'],
}
const ROW = { isdn: 336, took: 1.5, dl: 20, ul: 30 }

/** The values by column that a decoder writes, without the missing ones; null where malformed. */
function decoded(decode: DecodeRow, bytes: Uint8Array): Record<string, number> | null {
  const columns = USED_COLUMNS.map(() => Float64Array.of(-77))
  if (!decode(bytes, 0, bytes.length, columns, 0)) return null
  const pairs = USED_COLUMNS.map((column, at): [string, number] => [column, columns[at][0]])
  return Object.fromEntries(pairs.filter(([, value]) => !Number.isNaN(value)))
}
const nullOf = ({ nullPath }: DecodeRow): string | null => nullPath?.() ?? null
const written = (schema: Json, value: Json): Buffer =>
  avro.Type.forSchema(schema as avro.Schema).toBuffer(value)
const EXPECTED = {
  ...{ 'MSISDN/Number': 336, 'Dur. (ms)': 1.5 },
  ...{ 'Total DL (Bytes)': 20, 'Total UL (Bytes)': 30 },
}

const isTrouble =
  (...parts: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof PulseError && error.code === 'input-column')
    for (const part of parts) assert.ok(error.message.includes(part), error.message)
    return true
  }

test('the record that a change has after it is read, and null in its place is named', () => {
  // As Debezium writes it: one type for both, the second by its name.
  const value = record('Value', SESSION)
  const schema = record('Envelope', {
    ...{ before: ['null', value], after: ['null', 'Value'], op: 'string' },
  })
  const decode = compileAvro(schema, { texts, mapped: MAPPED })
  const bytes = written(schema, { before: null, after: ROW, op: 'c' })
  const deleted = written(schema, { before: { ...ROW, dl: 9 }, after: null, op: 'd' })
  assert.deepEqual(decoded(decode, bytes), EXPECTED)
  assert.equal(nullOf(decode), null)
  assert.deepEqual(decoded(decode, deleted), {})
  assert.equal(nullOf(decode), 'after')
  assert.deepEqual(decoded(decode, bytes), EXPECTED)
  assert.equal(nullOf(decode), null, 'a null before it does not count')
  const json = compileJson(texts, MAPPED)
  const text = (object: Json): Buffer => Buffer.from(JSON.stringify(object))
  assert.deepEqual(decoded(json, text({ before: null, after: ROW })), EXPECTED)
  assert.equal(nullOf(json), null)
  assert.deepEqual(decoded(json, text({ before: ROW, after: null })), {})
  assert.equal(nullOf(json), 'after')
})

test('a null record without needed columns leaves these missing, and the row is one', () => {
  const mapped = { 'Google DL (Bytes)': ['apps', 'google'] }
  const flat = { msisdn: 'long', duration: 'long', total_dl: 'long', total_ul: 'long' }
  const row = { msisdn: 336, duration: 1, total_dl: 20, total_ul: 30 }
  const schema = record('Row', { ...flat, apps: ['null', record('Apps', { google: 'long' })] })
  const decode = compileAvro(schema, { texts, mapped })
  const whole = { ...row, duration: 2 }
  const expected = { ...EXPECTED, 'Dur. (ms)': 2 }
  assert.deepEqual(decoded(decode, written(schema, { ...whole, apps: null })), expected)
  assert.equal(nullOf(decode), null)
  const some = written(schema, { ...whole, apps: { google: 7 } })
  assert.deepEqual(decoded(decode, some), { ...expected, 'Google DL (Bytes)': 7 })
  const json = compileJson(texts, mapped)
  const bytes = Buffer.from(JSON.stringify({ ...whole, apps: null }))
  assert.deepEqual(decoded(json, bytes), expected)
  assert.equal(nullOf(json), null)
})

test('a mapped column is not read from the field with its name, nor the field by its name', () => {
  // A column that is named total_dl, but holds uploads; and another one that holds downloads.
  const fields = { msisdn: 'long', duration: 'long', total_dl: 'long', down: 'long' }
  const mapped = { 'Total UL (Bytes)': ['Total-DL'], 'Total DL (Bytes)': ['down'] }
  const row = { msisdn: 336, duration: 1, total_dl: 30, down: 20 }
  const expected = { ...EXPECTED, 'Dur. (ms)': 1 }
  const schema = record('Row', fields)
  assert.deepEqual(decoded(compileAvro(schema, { texts, mapped }), written(schema, row)), expected)
  assert.deepEqual(decoded(compileJson(texts, mapped), Buffer.from(JSON.stringify(row))), expected)
})

test('the presence of a bearer may be that of another column', () => {
  const fields = { msisdn: 'long', duration: 'long', total_dl: ['null', 'long'], total_ul: 'long' }
  const mapped = { 'Bearer Id': ['total_dl'], 'Total DL (Bytes)': ['total_dl'] }
  const schema = record('Row', fields)
  const row = { msisdn: 336, duration: 1, total_dl: null, total_ul: 30 }
  const decode = compileAvro(schema, { texts, mapped })
  const json = compileJson(texts, mapped)
  for (const [value, bearer] of [
    [null, undefined],
    [0, 1],
  ] as const) {
    const one = { ...row, total_dl: value }
    assert.equal(decoded(decode, written(schema, one))?.['Bearer Id'], bearer)
    assert.equal(decoded(json, Buffer.from(JSON.stringify(one)))?.['Bearer Id'], bearer)
  }
})

test('a path that a schema lacks is refused, with the nearest names where it ends', () => {
  const refused = (fields: Readonly<Record<string, Json>>, ...parts: string[]): void => {
    const schema = record('Envelope', { after: ['null', record('Value', fields)], op: 'string' })
    assert.throws(() => compileAvro(schema, { texts, mapped: MAPPED }), isTrouble(...parts))
  }
  const others = { isdn: 'long', dl: 'long', ul: 'long' }
  refused(
    { ...others, took_ms: 'long' },
    'Avro schema: the column "Dur. (ms)" is mapped to "after.took", but in "after" nothing is',
    '"took_ms"',
  )
  refused({ ...others, took: { type: 'array', items: 'long' } }, 'is of type array, expected')
  const mapped = { ...MAPPED, 'Dur. (ms)': ['list', 'took'] }
  const list = { type: 'array', items: record('Item', { took: 'long' }) }
  const schema = record('Envelope', { after: record('Value', others), list })
  assert.throws(
    () => compileAvro(schema, { texts, mapped }),
    isTrouble('"list" is of type array, without names in it'),
  )
  const inner = { ...MAPPED, 'Dur. (ms)': ['after'] }
  assert.throws(
    () => compileAvro(record('E', { after: record('Value', SESSION) }), { texts, mapped: inner }),
    isTrouble('"Dur. (ms)" is mapped to "after", which another column is mapped to or into'),
  )
})

test('a schema with the columns in a record is refused with the text of --map', () => {
  const value = record('Value', {
    msisdn: 'long',
    dur_ms: 'long',
    total_dl: 'long',
    total_ul: 'long',
    start: 'long',
  })
  const envelope = { before: ['null', value], after: ['null', 'Value'], msisdn: 'string' }
  assert.throws(
    () => compileAvro(record('Envelope', envelope), { texts }),
    isTrouble(
      'Avro schema: the column "Dur. (ms)" is missing at the top, and "after" has what is missing: ' +
        'add --map "Start=after.start,Dur. (ms)=after.dur_ms,Total UL (Bytes)=after.total_ul,' +
        'Total DL (Bytes)=after.total_dl"',
    ),
  )
  const deep = record('Outer', { payload: record('Envelope', { after: value }) })
  assert.throws(() => compileAvro(deep, { texts }), isTrouble('MSISDN/Number=payload.after.msisdn'))
})

test('names of JSON may differ in case and punctuation, or have dots', () => {
  const json = compileJson(texts, { ...MAPPED, 'Dur. (ms)': ['traffic.took'] })
  const spelt = { After: { ISDN: 336, 'd-l': 20, ul: 30 }, 'traffic.took': 1.5 }
  assert.deepEqual(decoded(json, Buffer.from(JSON.stringify(spelt))), EXPECTED)
  const whole = compileJson(texts, { 'Dur. (ms)': ['traffic', 'took'] })
  const both = { 'traffic.took': 1.5, traffic: { took: 2 } }
  assert.equal(decoded(whole, Buffer.from(JSON.stringify(both)))?.['Dur. (ms)'], 1.5)
  // An exact name counts before a similar one, also after that was found.
  const two = { after: { ...ROW, dl: 21 }, After: ROW, 'traffic.took': 1.5 }
  assert.equal(decoded(json, Buffer.from(JSON.stringify(two)))?.['Total DL (Bytes)'], 21)
})

test('nanoseconds within an object are exact', () => {
  const json = compileJson(texts, { Start: ['after', 'at'] })
  const decode = (text: string) => decoded(json, Buffer.from(text))?.Start
  assert.equal(
    decode('{"after":{"at":1554379278123999999},"at":1554379278555000000}'),
    1_554_379_278_123,
  )
  assert.equal(decode('{"x":{"at":1},"AFTER":{"at":1554379278123999999}}'), 1_554_379_278_123)
})

test('JSON in which a path ends at another value is malformed, with the column and the path', () => {
  const json = compileJson(texts, MAPPED)
  for (const [text, fault] of [
    ['{"after":[1]}', 'mapped to "after.isdn", is within a value that is not an object'],
    ['{"after":"x"}', 'mapped to "after.isdn", is within a value that is not an object'],
    ['{"after":{"isdn":336,"took":{}}}', 'mapped to "after.took", is an object or array'],
    ['{"x":1}', 'expected "MSISDN/Number", mapped to "after.isdn" (nearest found: "x")'],
  ] as const) {
    const bytes = Buffer.from(text)
    assert.equal(decoded(json, bytes), null, text)
    assert.ok(
      jsonFault(bytes, 0, bytes.length, MAPPED).includes(fault),
      jsonFault(bytes, 0, bytes.length, MAPPED),
    )
  }
})

test('objects within each other are read as the flat object', () => {
  const columns = USED_COLUMNS.filter((_, at) => at >= PLACE.duration)
  const values = fc.array(fc.option(fc.double({ noNaN: true })), {
    minLength: columns.length,
    maxLength: columns.length,
  })
  const places = fc.array(fc.nat(2), { minLength: columns.length, maxLength: columns.length })
  const property = fc.property(values, places, (drawn, depths) => {
    const flat: Record<string, Json> = { MSISDN: 7 }
    const inner: Record<string, Json> = {}
    const outer: Record<string, Json> = { inner }
    const nested: Record<string, Json> = { MSISDN: 7, outer }
    const mapped: Record<string, string[]> = {}
    for (const [at, column] of columns.entries()) {
      flat[column] = drawn[at]
      const name = `v${at}`
      const [into, path] = [
        [nested, [name]],
        [outer, ['outer', name]],
        [inner, ['outer', 'inner', name]],
      ][depths[at]] as [Record<string, Json>, string[]]
      into[name] = drawn[at]
      mapped[column] = path
    }
    const expected = decoded(compileJson(texts), Buffer.from(JSON.stringify(flat)))
    const json = compileJson(texts, mapped)
    assert.deepEqual(decoded(json, Buffer.from(JSON.stringify(nested))), expected)
    assert.equal(json.lacking, 0)
  })
  fc.assert(property, { seed: SEED, numRuns: 200 })
})
