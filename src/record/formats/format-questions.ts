// The questions of formats, the order of day and month and the decimal mark, and what answers them.
import type { Finding, Question } from '../decide-units.ts'
import type { UnitOptions } from '../source-units.ts'
import { NUMBER_FORMATS, type NumberEvidence, type NumberFormat } from './number-format.ts'
import { TIME_FORMATS, type TimeEvidence, type TimeFormat } from './time-format.ts'

/** What times amount to. */
export function timeFinding(evidence: TimeEvidence): Finding<TimeFormat> {
  const { dayFirst, monthFirst, either, examples } = evidence
  const all = dayFirst + monthFirst + either
  const first = `the first part is above 12 in ${dayFirst} of ${all} times, such as ${examples.dayFirst}`
  const second = `the second part is above 12 in ${monthFirst} of ${all} times, such as ${examples.monthFirst}`
  if (dayFirst > 0 && monthFirst > 0) return { kind: 'mixed', found: `${first}; ${second}` }
  if (dayFirst > 0) return { kind: 'value', value: 'day-first', evidence: first }
  if (monthFirst > 0) return { kind: 'value', value: 'month-first', evidence: second }
  if (either === 0) return { kind: 'none', found: 'no time has day and month before the year' }
  const found = `both parts are up to 12 in all ${either} times, such as ${examples.either}`
  return { kind: 'unknown', found }
}

/** The question of the order, with the options of a run. */
export const timeQuestion = ({ timeFormat, forceUnits }: UnitOptions): Question<TimeFormat> => ({
  what: 'the order of day and month in Start and End',
  flag: '--time-format',
  values: TIME_FORMATS.join('|'),
  expected: 'one order, shown by days above 12 in this source or in others with the same columns',
  plain: 'month-first',
  option: timeFormat === 'auto' ? null : timeFormat,
  force: forceUnits,
})

/** What the values of a column amount to. */
export function numberFinding(evidence: NumberEvidence): Finding<NumberFormat> {
  const { comma, point, either, examples } = evidence
  const commas = `${comma} values with a decimal comma, such as ${examples.comma}`
  const points = `${point} with a decimal point, such as ${examples.point}`
  if (comma > 0 && point > 0) return { kind: 'mixed', found: `${commas}, ${points}` }
  if (comma > 0) return { kind: 'value', value: 'comma', evidence: `such as ${examples.comma}` }
  if (point > 0) return { kind: 'value', value: 'point', evidence: `such as ${examples.point}` }
  if (either === 0) return { kind: 'none', found: 'no value has a comma or a point' }
  return { kind: 'unknown', found: `all ${either} with a separator are like ${examples.either}` }
}

/** The question of the format of a column, with the options of a run. */
export const numberQuestion = (
  column: string,
  { numberFormat, forceUnits }: UnitOptions,
): Question<NumberFormat> => ({
  what: `the number format of "${column}"`,
  flag: '--number-format',
  values: NUMBER_FORMATS.join('|'),
  expected:
    'values that only a decimal comma or only a decimal point explains, here, in another column or ' +
    'in another source with the same columns',
  plain: 'point',
  option: numberFormat === 'auto' ? null : numberFormat,
  force: forceUnits,
})
