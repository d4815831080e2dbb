// Aggregates as records: any Avro library reads what is written, and what it writes is read.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import avro from 'avsc'
import fc from 'fast-check'
import {
  MAX_ENGAGEMENT_BYTES,
  readEngagement,
  writeEngagement,
} from '../../../consumers/changelog/engagement.ts'
import { ENGAGEMENT_FILE, engagementText } from '../../../scripts/schema.ts'
import { FIELD, WIDTH } from '../../../src/subscriber/aggregate.ts'

const SCHEMA = JSON.parse(readFileSync(ENGAGEMENT_FILE, 'utf8')) as { fields: { name: string }[] }
/** By default avsc refuses 2^53 - 1, the largest number of an aggregate. */
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => Number(bytes.readBigInt64LE()),
  toBuffer(value: number) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: Number.isSafeInteger,
  compare: (a: number, b: number) => a - b,
})
const REFERENCE = avro.Type.forSchema(SCHEMA as avro.Schema, { registry: { long } })
const NAMES = SCHEMA.fields.map(({ name }) => name)

const aNumber = fc.oneof(
  fc.constantFrom(0, 1, 63, 64, 8191, 8192, 2 ** 31, 2 ** 32, 2 ** 52, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
  fc.nat(),
)
const TIMES: readonly number[] = [FIELD.firstStartMs, FIELD.lastEndMs]

/** A row; its times may be 0: unknown. */
const aRow = fc.array(aNumber, { minLength: WIDTH, maxLength: WIDTH }).map((row) => {
  const numbers = Float64Array.from(row)
  numbers[FIELD.records] ||= 1
  // The registry below does not reach the long of a logical type.
  for (const time of TIMES) numbers[time] = Math.min(numbers[time], Number.MAX_SAFE_INTEGER - 1)
  return numbers
})

/** A row as an Avro library has it: unknown times are null. */
function valueOf(row: Float64Array): Record<string, number | null> {
  const entries = NAMES.map((name, i): [string, number | null] => {
    const field = FIELD.records + i
    return [name, TIMES.includes(field) && row[field] === 0 ? null : row[field]]
  })
  return Object.fromEntries(entries)
}

/** Writes a row at some place of a larger buffer. */
function written(row: Float64Array, start: number): Buffer {
  const into = Buffer.alloc(start + MAX_ENGAGEMENT_BYTES)
  const rows = new Float64Array(3 * WIDTH)
  rows.set(row, WIDTH)
  return into.subarray(start, writeEngagement(rows, WIDTH, into, start))
}

function read(bytes: Buffer): { row: Float64Array; valid: boolean } {
  const rows = new Float64Array(2 * WIDTH)
  const valid = readEngagement({ bytes, at: 0, to: bytes.length }, rows, WIDTH)
  return { row: rows.subarray(WIDTH), valid }
}

test('the schema is the committed one', () => {
  assert.equal(readFileSync(ENGAGEMENT_FILE, 'utf8'), engagementText())
  assert.equal(NAMES.length, WIDTH - 1, 'every number of a row but the key')
})

test('the bytes are those that avsc writes, and are read back', () => {
  fc.assert(
    fc.property(aRow, fc.nat(50), (row, start) => {
      const bytes = written(row, start)
      assert.deepEqual(bytes, REFERENCE.toBuffer(valueOf(row)))
      const decoded = { ...(REFERENCE.fromBuffer(bytes) as object) }
      assert.deepEqual(decoded, valueOf(row))
      const found = read(bytes)
      assert.ok(found.valid)
      assert.deepEqual(found.row.subarray(1), row.subarray(1))
    }),
    { numRuns: 500 },
  )
})

test('a value that is cut, longer or without records is none', () => {
  fc.assert(
    fc.property(aRow, (row) => {
      const bytes = written(row, 0)
      for (let end = 0; end < bytes.length; end++) assert.ok(!read(bytes.subarray(0, end)).valid)
      assert.ok(!read(Buffer.concat([bytes, Buffer.alloc(1)])).valid)
      row[FIELD.records] = 0
      assert.ok(!read(written(row, 0)).valid)
    }),
  )
})
