// The question of the unit of durations, and what evidence answers it.
import type { Finding, Question } from './decide-units.ts'
import {
  AGREEING_SHARE,
  DURATION_UNITS,
  FEWEST_ROWS,
  findUnit,
  MANY_ROWS,
  type Unit,
  type UnitEvidence,
} from './duration-unit.ts'
import type { UnitOptions } from './source-units.ts'

/** The question, with the options of a run. */
export const durationQuestion = ({ durationUnit, forceUnits }: UnitOptions): Question<Unit> => ({
  what: 'the unit of "Dur. (ms)"',
  flag: '--duration-unit',
  values: DURATION_UNITS.join('|'),
  expected:
    `one unit that agrees with End − Start in ${100 * AGREEING_SHARE} % of at least ${MANY_ROWS} ` +
    `rows, or in all of ${FEWEST_ROWS} to ${MANY_ROWS - 1}`,
  plain: 'ms',
  option: durationUnit === 'auto' ? null : durationUnit,
  force: forceUnits,
})

/** What evidence answers. */
export function durationFinding(evidence: UnitEvidence): Finding<Unit> {
  const found = findUnit(evidence)
  if (found.kind !== 'unit') return found
  return { kind: 'value', value: found.unit.durationUnit, evidence: found.unit.evidence }
}
