// Random Avro schemas and messages, whole and damaged, in several zones; the oracle is avsc.
import assert from 'node:assert/strict'
import avro from 'avsc'
import fc from 'fast-check'
import { PulseError } from '../../src/errors.ts'
import { UNREADABLE } from '../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../src/record/columns.ts'
import { compileAvro, type DecodeRow } from '../../src/record/decode/avro.ts'
import { drawSample } from '../record/decode/avro-random.ts'
import { monthFirst } from '../record/decode/month-first.ts'
import { ZONES, fuzzer, mutated, pick, type Fuzzer, type Reach } from './fuzz.ts'

const TIMES: ReadonlySet<number> = new Set([PLACE.start, PLACE.end])

/** Decodes between two other rows, which must stay as they are. */
function decodeBetween(decode: DecodeRow, bytes: Uint8Array): number[] | null {
  const around = Buffer.concat([Buffer.alloc(2, 255), bytes, Buffer.alloc(12, 255)])
  const columns = USED_COLUMNS.map(() => Float64Array.of(-77, -77, -77))
  const done = decode(around, 2, 2 + bytes.length, columns, 1)
  for (const column of columns) assert.deepEqual([column[0], column[2]], [-77, -77])
  return done ? columns.map((column) => column[1]) : null
}

/** Random schemas with a message, as it is and damaged. */
export const fuzzAvro: Fuzzer = fuzzer((g, reach) => {
  const { schema, value, expected } = drawSample(g)
  const zone = pick(g, ZONES)
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })
  const decode = compileAvro(schema, { texts: monthFirst(zone) })
  const bytes = type.toBuffer(value)
  const found = decodeBetween(decode, bytes)
  assert.ok(found !== null, 'a whole message is decoded')
  for (const [place, column] of USED_COLUMNS.entries()) {
    // Another test has the times of zones; here they must be a time, or none.
    if (TIMES.has(place) && zone !== 'UTC') continue
    assert.ok(Object.is(found[place] + 0, expected[place] + 0), `${column} in ${zone}`)
  }
  reach('whole messages')
  const damaged = mutated(g, bytes)
  if (decodeBetween(decode, damaged) === null) reach('damaged messages rejected')
  else {
    reach('damaged messages read')
    requireBytes(type, damaged)
  }
})

/** A message that is read is one of its schema: avsc reads all its bytes. */
function requireBytes(type: avro.Type, bytes: Buffer): void {
  let read = bytes.length
  try {
    // It is -1 for a message that is cut off.
    read = type.decode(bytes).offset
  } catch (error) {
    // avsc refuses longs beyond 2^53, which are read as the nearest number here.
    if (!String(error).includes('precision loss')) throw error
  }
  assert.equal(read, bytes.length, 'bytes that avsc reads')
}

const LOGICALS = [
  ...['date', 'timestamp-millis', 'timestamp-micros', 'timestamp-nanos'],
  ...['local-timestamp-millis', 'local-timestamp-micros', 'local-timestamp-nanos', ''],
] as const

/** Times of any size and type, in all zones. */
export const fuzzAvroTimes: Fuzzer = fuzzer((g, reach) => {
  const logicalType = pick(g, LOGICALS)
  const time = { type: logicalType === 'date' ? 'int' : 'long', logicalType }
  const names = ['msisdn', 'dur_ms', 'total_dl_bytes', 'total_ul_bytes']
  const fields = [
    ...names.map((name) => ({ name, type: 'long' })),
    { name: 'start', type: time },
    { name: 'end', type: 'string' },
  ]
  const decode = compileAvro(
    { type: 'record', name: 'Session', fields },
    { texts: monthFirst(pick(g, ZONES)) },
  )
  const value =
    g(fc.bigInt, { min: -(2n ** 63n), max: 2n ** 63n - 1n }) >> BigInt(g(fc.nat, { max: 63 }))
  const text = Buffer.from(farTime(g))
  const long = varint(value)
  const bytes = Buffer.concat([Buffer.from([2, 2, 2, 2]), long, varint(BigInt(text.length)), text])
  const found = decodeBetween(decode, bytes)
  assert.ok(found !== null, 'a whole message is decoded')
  for (const place of TIMES) noteTime(found[place], reach)
})

function noteTime(time: number, reach: Reach): void {
  if (Number.isNaN(time)) reach('missing times')
  else reach(time === UNREADABLE ? 'unreadable times' : 'times')
}

/** A text with a year that may be outside of any calendar. */
export function farTime(g: fc.GeneratorValue): string {
  const year = pick(g, ['0000', '1000', '1969', '2019', '2099', '9999', '275760', '999999'])
  const month = String(g(fc.integer, { min: 1, max: 12 })).padStart(2, '0')
  const day = String(g(fc.integer, { min: 1, max: 31 })).padStart(2, '0')
  const zone = pick(g, ['', 'Z', '+14', '-23:59'])
  return `${year}-${month}-${day} ${String(g(fc.nat, { max: 24 }))}:${g(fc.nat, { max: 60 })}:00${zone}`
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

/** Damaged schemas, and schemas of any JSON: a decoder or a refusal. */
export const fuzzAvroSchemas: Fuzzer = fuzzer((g, reach) => {
  const texts = monthFirst('UTC')
  const text = JSON.stringify(drawSample(g).schema)
  const damaged = g(fc.boolean)
    ? parsed(mutated(g, Buffer.from(text)).toString('latin1'))
    : replaced(g, JSON.parse(text))
  try {
    const decode = compileAvro(damaged, { texts })
    decodeBetween(decode, g(fc.uint8Array, { maxLength: 300 }))
    reach('schemas compiled')
  } catch (error) {
    if (!(error instanceof PulseError)) throw error
    reach('schemas refused')
  }
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The text of a primitive type may be its name.
    return text
  }
}

/** A value with one part in it replaced by any JSON. */
function replaced(g: fc.GeneratorValue, value: unknown): unknown {
  const isLeaf = typeof value !== 'object' || value === null || g(fc.nat, { max: 5 }) === 0
  const keys = isLeaf ? [] : Object.keys(value)
  if (keys.length === 0) return g(fc.jsonValue)
  const key = pick(g, keys)
  const copy = structuredClone(value) as Record<string, unknown>
  copy[key] = replaced(g, copy[key])
  return copy
}
