// The unit of durations is the one that rows agree with, and is not guessed where they do not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLACE, USED_COLUMNS } from '../../src/record/columns.ts'
import {
  addRows,
  createEvidence,
  DURATION_UNITS,
  findUnit,
  unitColumnsOf,
  type UnitEvidence,
} from '../../src/record/duration-unit.ts'

/** A row's span and duration, and when it starts. */
type Row = readonly [spanMs: number, duration: number, startMs?: number]

const START_MS = Date.UTC(2026, 2, 1)
/** Not a whole minute. */
const ODD_MS = START_MS + 7000
/** The number of each unit that is a millisecond. */
const PER_MS = { ns: 1e6, us: 1e3, ms: 1, s: 1e-3 } as const

function columnsOf(rows: readonly Row[]): Float64Array[] {
  const columns = USED_COLUMNS.map(() => new Float64Array(rows.length).fill(NaN))
  for (const [i, [spanMs, duration, startMs = START_MS]] of rows.entries()) {
    columns[PLACE.start][i] = startMs
    columns[PLACE.end][i] = startMs + spanMs
    columns[PLACE.duration][i] = duration
  }
  return columns
}

function evidenceOf(columns: Float64Array[]): UnitEvidence {
  const evidence = createEvidence()
  addRows(evidence, unitColumnsOf(columns), columns[0].length)
  return evidence
}

const evidence = (...rows: Row[]): UnitEvidence => evidenceOf(columnsOf(rows))
const repeated = (times: number, row: Row): Row[] => Array.from({ length: times }, () => row)
const kindOf = (...rows: Row[]): string => {
  const found = findUnit(evidence(...rows))
  return found.kind === 'unit' ? found.unit.durationUnit : found.kind
}
const hours = (unit: keyof typeof PER_MS): Row => [7_200_000, 7_200_000 * PER_MS[unit]]

test('each unit is found by rows that agree with it', () => {
  for (const unit of DURATION_UNITS) {
    assert.equal(kindOf(...repeated(300, hours(unit))), unit)
    assert.equal(kindOf(...repeated(3, hours(unit))), unit)
  }
  const found = findUnit(evidence(...repeated(20, hours('s'))))
  assert.ok(found.kind === 'unit')
  const sentence = 'End − Start agrees with seconds in 20 of 20 rows that distinguish units'
  assert.equal(found.unit.evidence, sentence)
})

test('of 20 rows one may disagree, of 19 and of 3 none; two rows are too few', () => {
  const odd: Row = [7_200_000, 5_000_000]
  assert.equal(kindOf(...repeated(19, hours('ms')), odd), 'ms')
  assert.equal(kindOf(...repeated(18, hours('ms')), odd), 'unknown')
  assert.equal(kindOf(...repeated(18, hours('ms')), odd, odd), 'unclear')
  assert.equal(kindOf(hours('ms'), hours('ms'), odd), 'unknown')
  assert.equal(kindOf(hours('ms'), hours('ms')), 'unknown')
  assert.equal(kindOf(...repeated(300, odd)), 'unclear')
})

test('two units in one source are mixed, with both counts', () => {
  const rows = [...repeated(90, hours('s')), ...repeated(10, hours('ms'))]
  const found = findUnit(evidence(...rows))
  assert.ok(found.kind === 'mixed')
  assert.match(
    found.found,
    /100 rows that distinguish units 10 agree with milliseconds, 90 agree with sec/,
  )
})

test('times of whole minutes leave a minute, others a second or one percent', () => {
  const agreementOf = (row: Row): [number, number[]] => {
    const { rows, agreeing } = evidence(row)
    return [rows, agreeing]
  }
  assert.deepEqual(agreementOf([120_000, 179_000]), [1, [0, 0, 1, 0]])
  assert.deepEqual(agreementOf([120_000, 181_000]), [1, [0, 0, 0, 0]])
  // A minute is as near to nothing as to two: it cannot show it.
  assert.equal(agreementOf([60_000, 60_000])[0], 0)
  assert.equal(agreementOf([60_000, 60])[0], 0)
  assert.deepEqual(agreementOf([71_000, 70, ODD_MS]), [1, [0, 0, 0, 1]])
  assert.deepEqual(agreementOf([71_000, 68, ODD_MS]), [1, [0, 0, 0, 0]])
  assert.deepEqual(agreementOf([1_000_000, 1_009_000, ODD_MS]), [1, [0, 0, 1, 0]])
  assert.deepEqual(agreementOf([1_000_000, 1_011_000, ODD_MS]), [1, [0, 0, 0, 0]])
  assert.equal(agreementOf([900, 1, ODD_MS])[0], 0)
})

test('a row without known times or a positive duration is not evidence', () => {
  for (const duration of [NaN, 0, -1, Infinity]) {
    assert.deepEqual(evidence([600_000, duration]), createEvidence())
  }
  assert.equal(kindOf([600_000, 0], [600_000, NaN]), 'none')
  for (const place of [PLACE.start, PLACE.end]) {
    for (const time of [NaN, 0, 1e15, 1.6e18, -1e300]) {
      const columns = columnsOf([[600_000, 600]])
      columns[place][0] = time
      assert.deepEqual([evidenceOf(columns).durations, evidenceOf(columns).rows], [1, 0])
    }
  }
  assert.equal(evidence([-600_000, 600_000]).rows, 0)
})

test('milliseconds of start and end refine the span', () => {
  const columns = columnsOf([[2000, 3500]])
  columns[PLACE.endMs][0] = 999
  assert.deepEqual(evidenceOf(columns).agreeing, [0, 0, 1, 0])
})
