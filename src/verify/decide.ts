// How `verify` decides on one unit or format of each file: by its values, the option, or like files.
import { PulseError } from '../errors.ts'
import type { ParquetFile } from '../parquet/files.ts'

/**
 * What a file shows by itself: a value; nothing that depends on it (`none`); too little (`few`);
 * what agrees with no value (`unclear`); or what agrees with several (`mixed`).
 */
export interface Shown<T extends string> {
  file: ParquetFile
  shows: T | 'none' | 'few' | 'unclear' | 'mixed'
  /** A phrase with the counts. */
  evidence: string
}

/** What is decided. */
export interface VerifyQuestion<T extends string> {
  /** The subject of a sentence. */
  what: string
  values: readonly T[]
  /** Where nothing depends on it. */
  plain: T
  flag: string
  /** The option; null for none. */
  asked: T | null
  /** The option holds against the values. */
  force: boolean
  /** What should be found, for the sentence. */
  expected: string
}

/** A decision, and the phrase that states its evidence. */
export interface Decided<T extends string> {
  value: T
  evidence: string
}

/**
 * Decides for each file, in their order.
 *
 * @throws PulseError `input-invalid` for a file for which nothing decides
 */
export const decideEach = <T extends string>(
  question: VerifyQuestion<T>,
  all: readonly Shown<T>[],
): Decided<T>[] => all.map((one) => decide(question, one, all))

function decide<T extends string>(
  { what, values, plain, flag, asked, force, expected }: VerifyQuestion<T>,
  { file, shows, evidence }: Shown<T>,
  all: readonly Shown<T>[],
): Decided<T> {
  const valueOf = (shown: string): T | undefined => values.find((value) => value === shown)
  if (asked !== null && (force || shows === 'few' || shows === 'unclear')) {
    const flags = `${flag} ${asked}${force ? ' --force-units' : ''}`
    return { value: asked, evidence: `set by ${flags} (${evidence})` }
  }
  const own = shows === 'none' ? plain : valueOf(shows)
  if (own !== undefined) return { value: own, evidence }
  const like = all.flatMap((other) =>
    columnsOf(other.file) === columnsOf(file) ? (valueOf(other.shows) ?? []) : [],
  )
  if (shows === 'few' && new Set(like).size === 1) {
    const set = `as in the other files with the same columns (${evidence})`
    return { value: like[0], evidence: set }
  }
  throw new PulseError(
    'input-invalid',
    `${file.path}: ${what} cannot be determined (${evidence}), expected ${expected}; set it with ` +
      `${flag} ${values.join('|')}${shows === 'mixed' ? ' --force-units' : ''}`,
  )
}

/** Files with the same names for the same columns come from one writer. */
const columnsOf = ({ columns }: ParquetFile): string => JSON.stringify([...columns])
