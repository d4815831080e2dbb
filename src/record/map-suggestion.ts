// Suggests the text of --map when needed columns are within a record or object of a source.
import { canonicalName } from './column-names.ts'
import type { NameLevel } from './column-path.ts'
import { USED_COLUMNS } from './columns.ts'
import { mapText, pathText } from './mapped-columns.ts'

/** Envelopes are not nested deeper, and recursive types have no end. */
const DEEPEST = 4
const MOST_PATHS = 1000
/** Names that are looked at: records without values, within each other, have paths without number. */
const MOST_NAMES = 10_000
/** The records that hold the present values of a row, the likeliest first. */
const ENVELOPES = ['after', 'payload', 'value', 'data']

/** A path through names within each other. */
type Path = readonly string[]

/** The paths to the values of a source, up to a number. */
export function pathsIn(level: NameLevel): Path[] {
  const paths: Path[] = []
  addPaths(level, [], paths, { names: 0 })
  return paths
}

function addPaths(level: NameLevel, above: Path, paths: Path[], seen: { names: number }): void {
  for (const name of level.names) {
    if (paths.length >= MOST_PATHS || ++seen.names > MOST_NAMES) return
    const path = [...above, name]
    const inner = level.within(name)
    if (typeof inner === 'string') paths.push(path)
    else if (path.length < DEEPEST) addPaths(inner, path, paths, seen)
  }
}

/**
 * A phrase that names the record which holds columns that are missing at the top, and the text of
 * --map; null where no record holds all of them.
 */
export function suggestMap(missing: readonly string[], paths: readonly Path[]): string | null {
  const atTop = new Set(
    paths.filter((path) => path.length === 1).map(([name]) => canonicalName(name)),
  )
  const records = new Map<string, { record: Path; mapped: Record<string, Path> }>()
  for (const path of paths) {
    const column = canonicalName(path[path.length - 1])
    if (path.length === 1 || column === undefined || !USED_COLUMNS.includes(column)) continue
    const record = path.slice(0, -1)
    const found = records.get(pathText(record)) ?? { record, mapped: {} }
    records.set(pathText(record), found)
    if (!atTop.has(column)) found.mapped[column] ??= path
  }
  if (missing.length === 0) return null
  const best = [...records.values()]
    .filter(({ mapped }) => missing.every((column) => column in mapped))
    .sort((a, b) => rank(a.record) - rank(b.record))
    .at(0)
  if (best === undefined) return null
  return `"${pathText(best.record)}" has what is missing: add --map "${mapText(best.mapped)}"`
}

function rank(record: Path): number {
  const place = ENVELOPES.indexOf(record[record.length - 1].toLowerCase())
  return (place < 0 ? ENVELOPES.length : place) * DEEPEST + record.length
}
