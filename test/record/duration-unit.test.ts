// The unit of durations is that of the majority of rows that distinguish the units.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLACE, USED_COLUMNS } from '../../src/record/columns.ts'
import { inferUnit, requestedUnit, unitOf } from '../../src/record/duration-unit.ts'

const START_MS = Date.UTC(2026, 2, 1)

/** Columns of rows that all start at the same time, from their spans and durations. */
function columnsOf(rows: readonly (readonly [spanMs: number, duration: number])[]): Float64Array[] {
  const columns = USED_COLUMNS.map(() => new Float64Array(rows.length).fill(NaN))
  for (const [i, [spanMs, duration]] of rows.entries()) {
    columns[PLACE.start][i] = START_MS
    columns[PLACE.end][i] = START_MS + spanMs
    columns[PLACE.duration][i] = duration
  }
  return columns
}

const infer = (...rows: [spanMs: number, duration: number][]) =>
  inferUnit(columnsOf(rows), rows.length)

test('the unit is the one that most rows agree with', () => {
  const [ms, s]: [number, number][] = [
    [600_000, 600_000],
    [600_000, 600],
  ]
  assert.equal(infer(ms, ms, s).durationUnit, 'ms')
  assert.equal(infer(ms, s, s).durationUnit, 's')
  assert.equal(infer(ms, s, s).evidence, 'End − Start agrees with seconds in 2 of 3 sampled rows')
})

test('a tie is milliseconds, as is a source without evidence', () => {
  assert.equal(unitOf({ seconds: 5, rows: 10 }).durationUnit, 'ms')
  assert.equal(unitOf({ seconds: 6, rows: 11 }).durationUnit, 's')
  assert.equal(unitOf({ seconds: 0, rows: 0 }).durationUnit, 'ms')
})

test('a span of up to two minutes is not evidence: times as text lack their seconds', () => {
  const short = [60_000, 119_999, 120_000].map((spanMs): [number, number] => [spanMs, 60])
  assert.deepEqual([infer(...short).rows, infer(...short).durationUnit], [0, 'ms'])
  const long = infer(...short, [121_000, 121])
  assert.deepEqual([long.rows, long.seconds, long.durationUnit], [1, 1, 's'])
})

test('a row without a time or a positive duration is not evidence', () => {
  for (const duration of [NaN, 0, -1, Infinity]) assert.equal(infer([600_000, duration]).rows, 0)
  for (const place of [PLACE.start, PLACE.end]) {
    const columns = columnsOf([[600_000, 600]])
    columns[place][0] = NaN
    assert.equal(inferUnit(columns, 1).rows, 0)
  }
})

test('milliseconds of start and end refine the span', () => {
  const columns = columnsOf([[120_000, 120_999]])
  columns[PLACE.endMs][0] = 999
  assert.deepEqual([inferUnit(columns, 1).rows, inferUnit(columns, 1).durationUnit], [1, 'ms'])
})

test('a requested unit needs no rows', () => {
  assert.deepEqual(requestedUnit('s'), {
    durationUnit: 's',
    evidence: 'set by --duration-unit s',
  })
})
