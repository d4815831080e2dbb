// Columns are found by any spelling in use, and errors name them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FILE_COLUMNS, USED_COLUMNS } from '../../src/record/columns.ts'
import { matchColumns, nearestNames } from '../../src/record/column-names.ts'
import { PulseError } from '../../src/errors.ts'

const ALL = FILE_COLUMNS.map(({ name }) => name)
const without = (...names: string[]): string[] => ALL.filter((name) => !names.includes(name))
const isTrouble = (...parts: string[]) =>
  function (error: unknown): true {
    assert.ok(error instanceof PulseError)
    assert.equal(error.code, 'input-column')
    for (const part of ['day.parquet: ', ...parts]) {
      assert.ok(error.message.includes(part), error.message)
    }
    return true
  }

test('the canonical names are found as they are', () => {
  const found = matchColumns('day.parquet', ALL)
  assert.deepEqual(
    [...found],
    USED_COLUMNS.map((name) => [name, name]),
  )
})

test('case, spaces, punctuation and order do not matter', () => {
  const spoil = (name: string, how: number): string =>
    [
      name.toUpperCase(),
      name.toLowerCase().replace(/[^a-z0-9]+/g, '_'),
      ` ${name} `,
      name.replaceAll(' ', ''),
    ][how]
  const spoilt = fc.tuple(
    fc.shuffledSubarray([...USED_COLUMNS], { minLength: USED_COLUMNS.length }),
    fc.array(fc.nat(3), { minLength: USED_COLUMNS.length, maxLength: USED_COLUMNS.length }),
  )
  fc.assert(
    fc.property(spoilt, ([columns, hows]) => {
      const names = columns.map((name, i) => spoil(name, hows[i]))
      const found = matchColumns('day.parquet', names)
      for (const [i, column] of columns.entries()) assert.equal(found.get(column), names[i])
    }),
  )
})

test('every alias stands for its column', () => {
  for (const { name, aliases } of FILE_COLUMNS) {
    if (!USED_COLUMNS.includes(name)) continue
    for (const alias of aliases) {
      assert.equal(matchColumns('day.parquet', [...without(name), alias]).get(name), alias)
    }
  }
})

test('the second duration column is never used as the first', () => {
  const found = matchColumns('day.parquet', ALL)
  assert.equal(found.get('Dur. (ms)'), 'Dur. (ms)')
  const refusal = isTrouble('"Dur. (ms)" is missing', '"Dur. (ms).1"')
  assert.throws(() => matchColumns('day.parquet', without('Dur. (ms)')), refusal)
})

test('a missing column is named, with the three nearest names', () => {
  const names = [...without('Total DL (Bytes)'), 'Total DLs (Bytes)']
  const near = 'nearest found: "Total UL (Bytes)", "Total DLs (Bytes)", "'
  const refusal = isTrouble('"Total DL (Bytes)" is missing', near)
  assert.throws(() => matchColumns('day.parquet', names), refusal)
  assert.throws(() => matchColumns('day.parquet', []), isTrouble('it has no columns'))
})

test('the milliseconds columns may be absent', () => {
  const found = matchColumns('day.parquet', without('Start ms', 'End ms'))
  assert.equal(found.has('Start ms'), false)
  assert.equal(found.size, USED_COLUMNS.length - 2)
})

test('two names that match one column are both named, unless one is exact', () => {
  const two = [...without('MSISDN/Number'), 'MSISDN', 'msisdn_number']
  assert.throws(() => matchColumns('day.parquet', two), isTrouble('"MSISDN" and "msisdn_number"'))
  const exact = [...ALL, 'msisdn_number']
  assert.equal(matchColumns('day.parquet', exact).get('MSISDN/Number'), 'MSISDN/Number')
})

test('nearest names have the smallest edit distance', () => {
  assert.deepEqual(nearestNames('Start', ['End', 'Strat', 'STAR.T', 'xyz']), [
    'STAR.T',
    'Strat',
    'End',
  ])
})
