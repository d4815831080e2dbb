// Rows of aggregates as bytes: every number that can occur is read as it was written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { MAX_ROW_BYTES, readRow, readVarint } from '../../src/subscriber/bytes.ts'
import { writeRow, writeVarint } from '../../src/subscriber/bytes.ts'

const LAST = 2 ** 53 - 1
/** Around every length that a number can have. */
const EDGES = Array.from({ length: 8 }, (_, i) => 2 ** (7 * i)).flatMap((n) => [n - 1, n, n + 1])
const aNumber = fc.oneof(fc.constantFrom(...EDGES, 2 ** 28, 2 ** 32, LAST), fc.maxSafeNat())
const START = Date.UTC(2019, 3, 4)
const aTime = fc.oneof(
  fc.constant(0),
  fc.nat(4e9).map((n) => START + n),
  fc.constant(4102444799999),
)
const aRow = fc
  .tuple(fc.array(aNumber, { minLength: 20, maxLength: 20 }), aTime, aTime)
  .map(([numbers, start, end]) => Float64Array.of(...numbers, start, end))

test('every whole number from 0 to 2^53 is read as it was written', () => {
  fc.assert(
    fc.property(aNumber, fc.nat(3), (value, at) => {
      const bytes = new Uint8Array(16)
      const end = writeVarint(bytes, at, value)
      const cursor = { bytes, at }
      assert.equal(readVarint(cursor), value)
      assert.equal(cursor.at, end)
      assert.ok(end - at <= 8)
    }),
    { numRuns: 2000 },
  )
})

test('rows are read as they were written, one after the other, unknown times included', () => {
  fc.assert(
    fc.property(fc.array(aRow, { maxLength: 5 }), (rows) => {
      const bytes = new Uint8Array(5 * MAX_ROW_BYTES)
      let at = 0
      for (const row of rows) {
        const end = writeRow(row, 0, bytes, at)
        assert.ok(end - at <= MAX_ROW_BYTES)
        at = end
      }
      const cursor = { bytes, at: 0 }
      for (const row of rows) {
        const read = new Float64Array(WIDTH)
        readRow(cursor, read, 0)
        assert.deepEqual(read, row)
      }
      assert.equal(cursor.at, at)
    }),
  )
})

test('an end before its start, or without one, keeps both', () => {
  const times: [number, number][] = [
    [START, START - 1],
    [0, START],
    [START, 0],
    [0, 0],
    [1, 4102444799999],
  ]
  for (const [start, end] of times) {
    const row = new Float64Array(WIDTH).fill(1)
    row[FIELD.firstStartMs] = start
    row[FIELD.lastEndMs] = end
    const bytes = new Uint8Array(MAX_ROW_BYTES)
    writeRow(row, 0, bytes, 0)
    const read = new Float64Array(WIDTH)
    readRow({ bytes, at: 0 }, read, 0)
    assert.deepEqual(read, row)
  }
})

test('a sum beyond the exact range of float64 is written as the largest exact number', () => {
  for (const sum of [2 ** 53, 2 ** 60, 2 ** 70, Infinity]) {
    const row = Float64Array.of(33600000001, ...new Array<number>(19).fill(sum), START, START)
    const bytes = new Uint8Array(MAX_ROW_BYTES)
    const end = writeRow(row, 0, bytes, 0)
    const read = new Float64Array(WIDTH)
    readRow({ bytes: bytes.subarray(0, end), at: 0 }, read, 0)
    assert.deepEqual([...read.subarray(1, FIELD.firstStartMs)], new Array<number>(19).fill(LAST))
  }
})
