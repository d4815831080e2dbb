// Finds the used columns of a file whose names are spelt differently.
import { PulseError } from '../errors.ts'
import { FILE_COLUMNS, USED_COLUMNS } from './columns.ts'
import { VOLUME_ENDINGS, VOLUME_PLACES } from './formats/volume-unit.ts'
import { NEEDED_COLUMNS } from './readable.ts'
import { editDistance } from './spelling.ts'

/** The name in the file of each used column, by canonical name; only the needed ones are always there. */
export type ColumnMap = ReadonlyMap<string, string>

/**
 * Letters of the longest name that stands for a column. Names of messages are remembered, and may
 * have any length.
 */
export const MOST_NAME_LETTERS = 256

/** A name in lower case with letters and digits only: `Dur. (ms).1` and `dur_ms_1` are `durms1`. */
export const looseName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '')

const withoutUnit = (name: string): string => name.replace(/\s*\((ms|bytes)\)/i, '')

/** The canonical column of each loose spelling, with and without unit. */
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  FILE_COLUMNS.flatMap(({ name, aliases }) =>
    [name, ...aliases].flatMap((known) => [
      [looseName(known), name] as const,
      [looseName(withoutUnit(known)), name] as const,
    ]),
  ),
)

/** The ending that states a unit, of each loose spelling of a volume, and the canonical column. */
const VOLUMES: ReadonlyMap<string, { column: string; ending: string }> = new Map(
  FILE_COLUMNS.filter(({ name }) => VOLUME_PLACES.includes(USED_COLUMNS.indexOf(name))).flatMap(
    ({ name: column, aliases }) =>
      [column, ...aliases].flatMap((known) =>
        Object.keys(VOLUME_ENDINGS).map(
          (ending) =>
            [looseName(known).replace(/bytes$/, '') + ending, { column, ending }] as const,
        ),
      ),
  ),
)

/** The ending of the name of a volume that states its unit, in lower case; null without one. */
export const volumeEnding = (name: string): string | null =>
  VOLUMES.get(looseName(name))?.ending ?? null

/** The column that is known by a name, which states no unit of its own. */
export const knownColumn = (name: string): string | undefined => SPELLINGS.get(looseName(name))

/** The canonical name of the column that a name stands for, if any. */
export const canonicalName = (name: string): string | undefined =>
  knownColumn(name) ?? VOLUMES.get(looseName(name))?.column

/** What is known of a file's columns beside their names. */
export interface Matching {
  /** The names of columns that were mapped: they stand for no other column. */
  mapped?: ColumnMap
  /** What to do about needed columns that are missing, as the end of a sentence. */
  advise?: (lacking: readonly string[]) => string
}

/**
 * Maps the used columns to the names in a file.
 *
 * @param file the name of the file in error messages
 * @param names the file's columns, in its order
 * @throws PulseError `input-column` when a needed column is absent, with the nearest names found,
 *   or when two names match the same column
 */
export function matchColumns(
  file: string,
  names: readonly string[],
  { mapped = new Map(), advise = () => 'rename the column or add it' }: Matching = {},
): ColumnMap {
  const taken = new Set(mapped.values())
  const free = names.filter((name) => !taken.has(name))
  const found = new Map<string, string[]>()
  for (const name of free) {
    const canonical = canonicalName(name)
    if (canonical === undefined) continue
    found.set(canonical, [...(found.get(canonical) ?? []), name])
  }
  const map = new Map<string, string>()
  for (const column of USED_COLUMNS) {
    const candidates = found.get(column) ?? []
    const given = mapped.get(column) ?? (candidates.includes(column) ? column : undefined)
    if (candidates.length > 1 && given === undefined) throw ambiguous(file, column, candidates)
    const chosen = given ?? candidates.at(0)
    if (chosen !== undefined) map.set(column, chosen)
  }
  const lacking = NEEDED_COLUMNS.filter((column) => !map.has(column))
  if (lacking.length > 0) {
    throw absent(file, lacking[0], free, advise(lacking))
  }
  return map
}

/** Names in a sentence. */
const MOST_SHOWN = 5

function ambiguous(file: string, column: string, candidates: readonly string[]): PulseError {
  const list = candidates
    .slice(0, MOST_SHOWN)
    .map((name) => `"${name}"`)
    .join(' and ')
  return new PulseError(
    'input-column',
    `${file}: ${list} could both be the column "${column}", expected one; rename the other`,
  )
}

function absent(
  file: string,
  column: string,
  names: readonly string[],
  advice: string,
): PulseError {
  return new PulseError(
    'input-column',
    `${file}: the column "${column}" is missing (${nearestFound(column, names)}); ${advice}`,
  )
}

/** The names nearest to a missing column, as a phrase. */
export function nearestFound(column: string, names: readonly string[]): string {
  const nearest = nearestNames(column, names).map((name) => `"${name}"`)
  return nearest.length === 0 ? 'it has no columns' : `nearest found: ${nearest.join(', ')}`
}

/** The three names nearest to `wanted` by edit distance of their loose spellings. */
export function nearestNames(wanted: string, names: readonly string[]): string[] {
  const target = looseName(wanted)
  return names
    .map((name) => ({ name, distance: editDistance(target, looseName(name)) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
}
