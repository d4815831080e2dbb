// Finds the used columns of a file whose names are spelt differently.
import { PulseError } from '../errors.ts'
import { FILE_COLUMNS, OPTIONAL_COLUMNS, USED_COLUMNS } from './columns.ts'
import { editDistance } from './spelling.ts'

/** The name in the file of each used column, by canonical name; optional columns may be absent. */
export type ColumnMap = ReadonlyMap<string, string>

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

/** The canonical name of the column that a name stands for, if any. */
export const canonicalName = (name: string): string | undefined => SPELLINGS.get(looseName(name))

/**
 * Maps the used columns to the names in a file.
 *
 * @param file the name of the file in error messages
 * @param names the file's columns, in its order
 * @throws PulseError `input-column` when a needed column is absent, with the nearest names found,
 *   or when two names match the same column
 */
export function matchColumns(file: string, names: readonly string[]): ColumnMap {
  const found = new Map<string, string[]>()
  for (const name of names) {
    const canonical = canonicalName(name)
    if (canonical === undefined) continue
    found.set(canonical, [...(found.get(canonical) ?? []), name])
  }
  const map = new Map<string, string>()
  for (const column of USED_COLUMNS) {
    const candidates = found.get(column) ?? []
    const chosen = candidates.includes(column) ? column : candidates.at(0)
    if (candidates.length > 1 && chosen !== column) throw ambiguous(file, column, candidates)
    if (chosen !== undefined) map.set(column, chosen)
    else if (!OPTIONAL_COLUMNS.has(column)) throw absent(file, column, names)
  }
  return map
}

function ambiguous(file: string, column: string, candidates: readonly string[]): PulseError {
  const list = candidates.map((name) => `"${name}"`).join(' and ')
  return new PulseError(
    'input-column',
    `${file}: ${list} could both be the column "${column}", expected one; rename the other`,
  )
}

function absent(file: string, column: string, names: readonly string[]): PulseError {
  const nearest = nearestNames(column, names).map((name) => `"${name}"`)
  const hint = nearest.length === 0 ? 'it has no columns' : `nearest found: ${nearest.join(', ')}`
  return new PulseError(
    'input-column',
    `${file}: the column "${column}" is missing (${hint}); rename the column or add it`,
  )
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
