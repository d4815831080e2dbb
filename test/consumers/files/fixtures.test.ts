// Every Parquet fixture through the whole replay, compared with what the oracle computes.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PulseError, type ErrorCode } from '../../../src/errors.ts'
import { oracle, oracleJson, type RawRows } from '../../oracle.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { comparableExpected, comparableFound, replay, MONTH_FIRST } from './replaying.ts'
import type { Comparable, Expected } from './replaying.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/parquet')
const NAMES = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.parquet'))
  .map((name) => name.slice(0, -'.parquet'.length))
const pathOf = (name: string): string => join(FIXTURES, `${name}.parquet`)
const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'))
const expectedOf = (name: string): Expected => readJson(name) as Expected
/** Files with the same bytes are one source, under any name. */
const DIFFERENT = NAMES.filter((name, at) => {
  const bytes = readFileSync(pathOf(name))
  return !NAMES.slice(0, at).some((earlier) => readFileSync(pathOf(earlier)).equals(bytes))
})

test('there are fixtures of many writers', () => {
  assert.ok(NAMES.length >= 28, `${NAMES.length} fixtures`)
})

for (const name of NAMES) {
  test(`${name}.parquet gives exactly the values of its cells`, () =>
    withDirectory(async (directory) => {
      const expected = expectedOf(name)
      const progress = await replay([pathOf(name)], directory, MONTH_FIRST)
      assert.equal(progress.done, true)
      assert.equal(progress.totalRows, expected.rows)
      assert.equal(progress.counters.rows, expected.rows)
      assert.equal(progress.sources[0].durationUnit, expected.durationUnit)
      // A file without rows leaves a state without commits, which readers report as missing.
      if (expected.rows === 0) return
      assert.deepEqual(comparableFound(await readBack(directory)), comparableExpected(expected))
    }))

  test(`${name}.parquet gives the same when rows without MSISDN are folded under 0`, () =>
    withDirectory(async (directory) => {
      const rows = readJson(`${name}.rows`) as RawRows
      const result = oracle(rows, { durationUnit: 'auto', missingMsisdn: 'zero' })
      await replay([pathOf(name)], directory, {
        ...MONTH_FIRST,
        state: { missingMsisdn: 'zero' },
      })
      if (result.rows === 0) return
      const expected = comparableExpected(oracleJson(result) as Expected)
      assert.deepEqual(comparableFound(await readBack(directory)), expected)
    }))
}

for (const speed of ['max', 1e15] as const) {
  test(`all fixtures in one run at speed ${speed} are the sum of each alone`, () =>
    withDirectory(async (directory) => {
      const expected = sumOf(DIFFERENT.map((name) => comparableExpected(expectedOf(name))))
      await replay(NAMES.map(pathOf), directory, {
        ...MONTH_FIRST,
        speed,
        state: { partitions: 3 },
      })
      assert.deepEqual(comparableFound(await readBack(directory)), expected)
    }))
}

const BROKEN: [string, ErrorCode, RegExp][] = [
  ['zero-bytes', 'input-invalid', /is empty \(0 bytes\)/],
  ['not-parquet', 'input-invalid', /not a Parquet file/],
  ['truncated', 'input-invalid', /truncated at \d+ bytes/],
  ['lacks-total-dl', 'input-column', /"Total DL \(Bytes\)" is missing.*nearest found: "[^"]+"/],
  ['two-candidates', 'input-column', /".+" and ".+" could both be the column ".+"/],
]

test('every broken fixture is listed', () => {
  const found = readdirSync(join(FIXTURES, 'broken')).sort()
  assert.deepEqual(found, BROKEN.map(([name]) => `${name}.parquet`).sort())
})

for (const [name, code, sentence] of BROKEN) {
  test(`broken/${name}.parquet is refused by its name, and no state is created`, () =>
    withDirectory(async (directory) => {
      const state = join(directory, 'state')
      const path = pathOf(`broken/${name}`)
      await assert.rejects(replay([pathOf('integers'), path], state), (error) => {
        assert.ok(error instanceof PulseError)
        assert.equal(error.code, code)
        assert.ok(error.message.startsWith(`${path}: `), error.message)
        assert.match(error.message, sentence)
        assert.ok(!error.message.includes('\n'), 'one line')
        return true
      })
      assert.equal(existsSync(state), false)
    }))
}

/** Sums expectations by key; takes the smaller first start and the larger last end. */
function sumOf(parts: Comparable[]): Comparable {
  const counts = (of: 'rejected' | 'coerced' | 'missing'): Record<string, number> => {
    const sums = new Map<string, number>()
    for (const part of parts) {
      for (const [key, count] of Object.entries(part[of])) {
        sums.set(key, (sums.get(key) ?? 0) + count)
      }
    }
    return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  const merge = <K>(rows: [K, number[]][], add: (a: number[], b: number[]) => number[]) => {
    const sums = new Map<K, number[]>()
    for (const [key, row] of rows) sums.set(key, add(sums.get(key) ?? row.map(() => 0), row))
    return [...sums].sort(([a], [b]) => Number(a ?? Infinity) - Number(b ?? Infinity))
  }
  const add = (a: number[], b: number[]): number[] => a.map((value, i) => value + b[i])
  const addSubscriber = (a: number[], b: number[]): number[] => [
    ...add(a.slice(0, 19), b.slice(0, 19)),
    Math.min(...[a[19], b[19]].filter((start) => start > 0), Infinity),
    Math.max(a[20], b[20]),
  ]
  return {
    applied: parts.reduce((sum, part) => sum + part.applied, 0),
    rejected: counts('rejected'),
    coerced: counts('coerced'),
    missing: counts('missing'),
    subscribers: merge(
      parts.flatMap((part) => part.subscribers),
      addSubscriber,
    ).map(([msisdn, row]) => [msisdn, row.map((value) => (value === Infinity ? 0 : value))]),
    hours: merge(
      parts.flatMap((part) => part.hours),
      add,
    ),
  }
}
