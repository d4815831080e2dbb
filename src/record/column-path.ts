// Finds a path of --map in what a source has: names, and within some of them others.
//
// A dot may divide names or belong to one, so at each level the longest name is tried first. Exact
// names count before those that differ in case, blanks and punctuation.
import { PulseError } from '../errors.ts'
import { nearestNames } from './column-names.ts'
import { pathText } from './mapped-columns.ts'

/** The names of a file, record or object, and what each holds. */
export interface NameLevel {
  names: readonly string[]
  /** The names within one; a word for a value that has none, such as `a list`. */
  within: (name: string) => NameLevel | string
}

/** The names on the way to a column, as the source has them. */
export type FoundPath = readonly string[]

/**
 * Finds the path to a column.
 *
 * @param subject the source in the error
 * @throws PulseError `input-column` where nothing, or more than one thing, has the path
 */
export function findPath(
  subject: string,
  column: string,
  path: readonly string[],
  level: NameLevel,
): FoundPath {
  const exact = pathsOf(path, level, (found, wanted) => found === wanted)
  // The longest names come first.
  if (exact.length > 0) return exact[0]
  const loose = pathsOf(path, level, isAlike)
  if (loose.length === 1) return loose[0]
  const mapping = `${subject}: the column "${column}" is mapped to "${pathText(path)}"`
  if (loose.length > 1) {
    const found = loose
      .slice(0, MOST_ALIKE)
      .map((one) => `"${pathText(one)}"`)
      .join(' and ')
    throw new PulseError(
      'input-column',
      `${mapping}, which could be ${found}, expected one; write its exact name after --map`,
    )
  }
  throw new PulseError('input-column', `${mapping}, but ${absence(path, level)}; correct --map`)
}

/** Names that differ in case and punctuation only: more than one is an error, and shows a few. */
const MOST_ALIKE = 5

type IsSame = (found: string, wanted: string) => boolean

function pathsOf(path: readonly string[], level: NameLevel, isSame: IsSame): FoundPath[] {
  return steps(path).flatMap(({ wanted, rest }) =>
    level.names
      .filter((name) => isSame(name, wanted))
      .slice(0, MOST_ALIKE)
      .flatMap((name) => {
        if (rest.length === 0) return [[name]]
        const within = level.within(name)
        if (typeof within === 'string') return []
        return pathsOf(rest, within, isSame).map((found) => [name, ...found])
      }),
  )
}

/** All names that a path may begin with, the longest first, and what is left of it. */
const steps = (path: readonly string[]): { wanted: string; rest: readonly string[] }[] =>
  path
    .map((_, at) => ({ wanted: path.slice(0, at + 1).join('.'), rest: path.slice(at + 1) }))
    .reverse()

/** Letters and digits of any script; a name without any is compared as it is. */
const bare = (name: string): string => {
  const kept = name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  return kept === '' ? name : kept
}

/** Whether names differ in case, blanks and punctuation only. */
export const isAlike: IsSame = (found, wanted) => bare(found) === bare(wanted)

/** Where a path ends too early, with the nearest names there. */
function absence(path: readonly string[], level: NameLevel): string {
  for (const { wanted, rest } of steps(path)) {
    const name = rest.length === 0 ? undefined : level.names.find((one) => isAlike(one, wanted))
    if (name === undefined) continue
    const within = level.within(name)
    if (typeof within === 'string') return `"${name}" is ${within}, without names in it`
    return `in "${name}" ${absence(rest, within)}`
  }
  const nearest = nearestNames(path[0], level.names).map((name) => `"${name}"`)
  const found = nearest.length === 0 ? 'there is none' : `nearest: ${nearest.join(', ')}`
  return `nothing is called "${path[0]}" (${found})`
}
