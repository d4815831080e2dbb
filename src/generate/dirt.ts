// What is wrong with some generated rows: one trait of a closed list a dirty row.
import type { Column, Draws } from './draws.ts'

/**
 * Traits and how often each is met among dirty rows. `number` is what a needed number becomes,
 * `instead` what stands in the named columns.
 */
type Trait =
  | { weight: number; number: (clean: string) => string }
  | { weight: number; instead: Readonly<Record<string, string>> }

const NOT_A_TIME = String.raw`'\N'`

const TRAITS: readonly Trait[] = [
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

/** Columns for `dirty`: `trait` (place in the list, null: clean) and `victim`, which number. */
export function dirtColumns(draws: Draws, share: number, numbers: number): Column[][] {
  const total = TRAITS.reduce((sum, { weight }) => sum + weight, 0)
  let reached = 0
  const cases = TRAITS.map(({ weight }, at) => {
    reached += weight
    const below = at === TRAITS.length - 1 ? share : (share * reached) / total
    return `WHEN dirt < ${below} THEN ${at}`
  })
  const ofNumbers = TRAITS.flatMap((trait, at) => ('number' in trait ? [at] : []))
  const victim = `floor(${draws.uniform('victim', 'i')} * ${numbers})`
  return [
    [['dirt', draws.uniform('dirt', 'i')]],
    [['trait', `CASE ${cases.join(' ')} END`]],
    [['victim', `CASE WHEN trait IN (${ofNumbers.join(', ')}) THEN ${victim} END`]],
  ]
}

/** SQL of one needed column: `clean`, or what its dirty rows hold; `number`: its place or null. */
export function dirty(name: string, clean: string, number: number | null): string {
  const instead = TRAITS.flatMap((trait, at) =>
    'instead' in trait && name in trait.instead ? [`WHEN ${at} THEN ${trait.instead[name]}`] : [],
  )
  const value = instead.length === 0 ? clean : `CASE trait ${instead.join(' ')} ELSE ${clean} END`
  if (number === null) return value
  const spoilt = TRAITS.flatMap((trait, at) =>
    'number' in trait ? [`WHEN ${at} THEN ${trait.number(`(${value})`)}`] : [],
  )
  return `CASE WHEN victim = ${number} THEN CASE trait ${spoilt.join(' ')} END ELSE ${value} END`
}
