// A source that can show it decides for itself, one that cannot by like sources, else reading stops.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideAll, type Candidate, type Finding } from '../../src/record/decide-units.ts'
import { durationQuestion } from '../../src/record/duration-question.ts'
import type { Unit } from '../../src/record/duration-unit.ts'
import { AUTO_UNITS } from '../../src/record/source-units.ts'

const AUTO = durationQuestion(AUTO_UNITS)
const asked = (durationUnit: Unit, forceUnits = false) =>
  durationQuestion({ ...AUTO_UNITS, durationUnit, forceUnits })
const shows = (value: Unit): Finding<Unit> => ({ kind: 'value', value, evidence: `rows: ${value}` })
const UNKNOWN: Finding<Unit> = { kind: 'unknown', found: 'no row distinguishes units' }
const MIXED: Finding<Unit> = { kind: 'mixed', found: '5 agree with ms, 5 with s' }

const candidates = (...findings: Finding<Unit>[]): Candidate<Unit>[] =>
  findings.map((finding, at) => ({ name: `file-${at}`, columns: 'same', finding }))
const values = (...args: Parameters<typeof decideAll<Unit>>): Unit[] =>
  decideAll(...args).map(({ value }) => value)

test('each source that can show it decides for itself', () => {
  assert.deepEqual(values(AUTO, candidates(shows('s'), shows('ns'), shows('ms')), []), [
    ...['s', 'ns', 'ms'],
  ])
})

test('one that cannot show it is read as the others with the same columns, if they agree', () => {
  assert.deepEqual(values(AUTO, candidates(UNKNOWN, shows('s'), UNKNOWN), []), ['s', 's', 's'])
  const known = [{ columns: 'same', value: 'us' }] as const
  assert.deepEqual(values(AUTO, candidates(UNKNOWN), known), ['us'])
  const refused: Parameters<typeof decideAll<Unit>>[] = [
    [AUTO, candidates(UNKNOWN), []],
    [AUTO, candidates(UNKNOWN), [{ columns: 'other', value: 'us' }]],
    [AUTO, candidates(UNKNOWN, shows('s')), known],
    [AUTO, candidates(UNKNOWN, shows('s'), shows('ms')), []],
  ]
  for (const args of refused) {
    assert.throws(
      () => decideAll(...args),
      /file-0: the unit .* cannot be determined .*--duration-unit/,
    )
  }
})

test('one that contradicts itself does not ask others', () => {
  assert.throws(() => decideAll(AUTO, candidates(shows('s'), MIXED), []), /file-1: .*5 with s/)
})

test('a source with nothing to decide does not decide for others', () => {
  const none: Finding<Unit> = { kind: 'none', found: 'no row has a duration' }
  assert.deepEqual(values(AUTO, candidates(none), []), ['ms'])
  assert.throws(() => decideAll(AUTO, candidates(none, UNKNOWN), []), /file-1/)
})

test('an option decides what cannot be determined, and is refused against evidence unless forced', () => {
  assert.deepEqual(values(asked('s'), candidates(UNKNOWN, shows('s')), []), ['s', 's'])
  for (const finding of [shows('ms'), MIXED]) {
    assert.throws(
      () => decideAll(asked('s'), candidates(finding), []),
      /file-0: --duration-unit s contradicts its rows .*--force-units/,
    )
    assert.deepEqual(values(asked('s', true), candidates(finding), []), ['s'])
  }
})
