// Decides a unit or format for each source of a run: by its own rows, else by like sources.
import { PulseError } from '../errors.ts'

/** What the rows of a source show, and what they are evidence of. */
export interface Candidate<T> {
  /** The name of the source in sentences. */
  name: string
  /** The names of its columns: only sources with the same ones decide for it. */
  columns: string
  finding: Finding<T>
}

/**
 * A value with its evidence; `none`: nothing depends on it; `unknown`: too little shows it;
 * `unclear`: what shows it contradicts every value; `mixed`: two values are in one source.
 */
export type Finding<T> =
  | { kind: 'value'; value: T; evidence: string }
  | { kind: 'none' | 'unknown' | 'unclear' | 'mixed'; found: string }

/** What is decided, and how the option that sets it is called. */
export interface Question<T> {
  /** The subject of a sentence: `the unit of "Dur. (ms)"`. */
  what: string
  /** The option: `--duration-unit`. */
  flag: string
  /** Its values, for the sentence on what to do. */
  values: string
  /** What the rows should show, for the sentence. */
  expected: string
  /** The value where nothing depends on it. */
  plain: T
  /** The value that the option sets; null for `auto`. */
  option: T | null
  /** The option holds against the evidence. */
  force: boolean
}

/** A value that was decided before for a source with these columns. */
export interface Known<T> {
  columns: string
  value: T
}

/** A decision, and the phrase that states its evidence. */
export interface Decision<T> {
  value: T
  evidence: string
}

/**
 * Decides for each candidate, in their order.
 *
 * @param known decisions on other sources of the state
 * @throws PulseError `input-invalid` for a source that cannot show it while like sources do not decide,
 *   that contradicts itself, or that contradicts the option
 */
export function decideAll<T extends string>(
  question: Question<T>,
  candidates: readonly Candidate<T>[],
  known: readonly Known<T>[],
): Decision<T>[] {
  return candidates.map((candidate) => decide(question, candidate, candidates, known))
}

function decide<T extends string>(
  question: Question<T>,
  candidate: Candidate<T>,
  all: readonly Candidate<T>[],
  known: readonly Known<T>[],
): Decision<T> {
  const { finding } = candidate
  if (question.option !== null) return byOption(question, candidate, question.option)
  if (finding.kind === 'value') return { value: finding.value, evidence: finding.evidence }
  if (finding.kind === 'none') return { value: question.plain, evidence: finding.found }
  if (finding.kind !== 'unknown') throw undecided(question, candidate, finding.found)
  const like = [
    ...all.flatMap(({ columns, finding: other }) =>
      other.kind === 'value' ? [{ columns, value: other.value }] : [],
    ),
    ...known,
  ].filter(({ columns }) => columns === candidate.columns)
  const values = new Set(like.map(({ value }) => value))
  if (values.size !== 1) {
    const others = values.size === 0 ? '' : `; other sources have ${[...values].join(' and ')}`
    throw undecided(question, candidate, `${finding.found}${others}`)
  }
  const sources = like.length === 1 ? 'the other source' : `all ${like.length} other sources`
  return {
    value: like[0].value,
    evidence: `as in ${sources} with the same columns (${finding.found})`,
  }
}

function byOption<T extends string>(
  { flag, force }: Question<T>,
  { name, finding }: Candidate<T>,
  option: T,
): Decision<T> {
  const contradicts = finding.kind === 'value' ? finding.value !== option : finding.kind === 'mixed'
  if (contradicts && !force) {
    const found = finding.kind === 'value' ? finding.evidence : finding.found
    throw new PulseError(
      'input-invalid',
      `${name}: ${flag} ${option} contradicts its rows (${found}), expected rows that agree; leave ` +
        'the option out, or add --force-units to read them so all the same',
    )
  }
  return { value: option, evidence: `set by ${flag} ${option}` }
}

const undecided = <T>(
  { what, flag, values, expected }: Question<T>,
  { name }: Candidate<T>,
  found: string,
): PulseError =>
  new PulseError(
    'input-invalid',
    `${name}: ${what} cannot be determined (${found}), expected ${expected}; set it with ${flag} ${values}`,
  )
