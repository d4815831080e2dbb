// Faults of generated rows: each dirty row has one fault of a closed list.
import type { Column, Draws } from './draws.ts'

/**
 * A fault and its weight among dirty rows. `number` replaces one of the needed numbers, `instead` the
 * values of the named columns.
 */
type Fault =
  | { weight: number; number: (clean: string) => string }
  | { weight: number; instead: Readonly<Record<string, string>> }

const NOT_A_TIME = String.raw`'\N'`

const FAULTS: readonly Fault[] = [
  { weight: 30, instead: { 'MSISDN/Number': 'NULL' } },
  { weight: 3, instead: { 'MSISDN/Number': 'msisdn + 0.5' } },
  { weight: 3, instead: { 'MSISDN/Number': 'msisdn * 1000000' } },
  { weight: 3, instead: { 'MSISDN/Number': '-msisdn' } },
  { weight: 3, instead: { 'MSISDN/Number': '0' } },
  { weight: 3, number: (clean) => `-1 - ${clean}` },
  { weight: 3, number: () => `'Infinity'::DOUBLE` },
  { weight: 3, number: (clean) => `9007199254740992 + ${clean}` },
  { weight: 8, number: (clean) => `${clean} + 0.5` },
  { weight: 8, number: (clean) => `${clean} + 0.2504` },
  { weight: 8, number: () => 'NULL' },
  { weight: 4, number: () => `'NaN'::DOUBLE` },
  { weight: 3, instead: { Start: NOT_A_TIME, End: NOT_A_TIME } },
  { weight: 3, instead: { Start: `''`, 'Start ms': 'NULL' } },
  { weight: 3, instead: { End: 'NULL', 'End ms': 'NULL' } },
  { weight: 3, instead: { Start: `'#VALUE!'` } },
  { weight: 3, instead: { End: `'?'` } },
  { weight: 8, instead: { 'Bearer Id': 'NULL' } },
]

/** Columns for `dirty`: `fault` (index in the list, null: clean) and `victim`, the number it hits. */
export function dirtColumns(draws: Draws, share: number, numbers: number): Column[][] {
  const total = FAULTS.reduce((sum, { weight }) => sum + weight, 0)
  let weightSoFar = 0
  const cases = FAULTS.map(({ weight }, at) => {
    weightSoFar += weight
    const below = at === FAULTS.length - 1 ? share : (share * weightSoFar) / total
    return `WHEN dirt < ${below} THEN ${at}`
  })
  const ofNumbers = FAULTS.flatMap((fault, at) => ('number' in fault ? [at] : []))
  const victim = `floor(${draws.uniform('victim', 'i')} * ${numbers})`
  return [
    [['dirt', draws.uniform('dirt', 'i')]],
    [['fault', `CASE ${cases.join(' ')} END`]],
    [['victim', `CASE WHEN fault IN (${ofNumbers.join(', ')}) THEN ${victim} END`]],
  ]
}

/**
 * SQL of one needed column: `clean`, or the faulty value in dirty rows. `number` is the column's index
 * among the needed numbers, null for another column.
 */
export function dirty(name: string, clean: string, number: number | null): string {
  const instead = FAULTS.flatMap((fault, at) =>
    'instead' in fault && name in fault.instead ? [`WHEN ${at} THEN ${fault.instead[name]}`] : [],
  )
  const value = instead.length === 0 ? clean : `CASE fault ${instead.join(' ')} ELSE ${clean} END`
  if (number === null) return value
  const faulty = FAULTS.flatMap((fault, at) =>
    'number' in fault ? [`WHEN ${at} THEN ${fault.number(`(${value})`)}`] : [],
  )
  return `CASE WHEN victim = ${number} THEN CASE fault ${faulty.join(' ')} END ELSE ${value} END`
}
