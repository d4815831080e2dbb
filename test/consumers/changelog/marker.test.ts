// The sums of a marker are exact beyond 2^53, and a difference is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addAggregates,
  addColumns,
  createAdder,
  differenceOf,
  parseMarker,
  sumsOf,
} from '../../../consumers/changelog/marker.ts'
import { FIELD, WIDTH } from '../../../src/subscriber/aggregate.ts'
import { HOUR_WIDTH } from '../../../src/subscriber/hours.ts'

const LARGEST_MSISDN = 999_999_999_999_999

const aRow = fc
  .tuple(
    fc.integer({ min: 1, max: LARGEST_MSISDN }),
    fc.array(
      fc.oneof(fc.constant(Number.MAX_SAFE_INTEGER), fc.constant(2 ** 52), fc.maxSafeNat()),
      {
        minLength: WIDTH - 1,
        maxLength: WIDTH - 1,
      },
    ),
  )
  .map(([msisdn, numbers]) => [msisdn, ...numbers])

const total = (numbers: readonly number[]): string =>
  String(numbers.reduce((sum, one) => sum + BigInt(one), 0n))

test('sums of aggregates are exact, also beyond 2^53 and over several calls', () => {
  fc.assert(
    fc.property(fc.array(aRow, { maxLength: 60 }), fc.nat(60), (rows, split) => {
      const adder = createAdder()
      for (const part of [rows.slice(0, split), rows.slice(split)]) {
        addAggregates(adder, Float64Array.from(part.flat()), part.length)
      }
      const column = (at: number): string => total(rows.map((row) => row[at]))
      assert.deepEqual(sumsOf(adder), {
        subscribers: rows.length,
        msisdns: column(0),
        columns: Array.from({ length: HOUR_WIDTH }, (_, i) => column(FIELD.records + i)),
      })
    }),
  )
})

test('sums of hours are those of the same numbers of aggregates', () => {
  const row = Float64Array.from({ length: WIDTH }, (_, i) => 2 ** 53 - 1 - i)
  const [aggregates, hours] = [createAdder(), createAdder()]
  for (let i = 0; i < 5; i++) {
    addAggregates(aggregates, row, 1)
    addColumns(hours, row.subarray(FIELD.records, FIELD.records + HOUR_WIDTH), 0)
  }
  assert.deepEqual(sumsOf(hours).columns, sumsOf(aggregates).columns)
})

test('each number that differs is named', () => {
  const sums = { subscribers: 2, msisdns: '30', columns: ['5', '4', '9007199254740993'] }
  const differ = (change: object): string | null => differenceOf({ ...sums, ...change }, sums)
  assert.equal(differ({}), null)
  assert.equal(differ({ subscribers: 1 }), '1 subscribers, expected 2')
  assert.equal(differ({ msisdns: '31' }), 'other MSISDNs than the checkpoint')
  assert.equal(
    differ({ columns: ['5', '3', '9007199254740993'] }),
    'a sum of sessions of 3, expected 4',
  )
  assert.match(String(differ({ columns: ['5', '4', '9007199254740992'] })), /740992, expected/)
})

test('a marker of another version is refused', () => {
  assert.throws(() => parseMarker('{"version":2}'), /version 2, expected 1/)
})
