// Where a file has its columns: under their own names, or where --map names them.
import type { Fields } from '../duckdb.ts'
import { matchColumns, type ColumnMap } from '../record/column-names.ts'
import { findPath, type FoundPath, type NameLevel } from '../record/column-path.ts'
import { pathsIn, suggestMap } from '../record/map-suggestion.ts'
import type { MappedColumns } from '../record/mapped-columns.ts'
import type { NestedColumn } from './sql/read-parquet.ts'

/** The columns of a file. */
export interface PlacedColumns {
  /** The name of each used column. */
  columns: ColumnMap
  /** The names of columns that are not found by theirs, used or not. */
  mapped: ColumnMap
  /** Values within structs that have such a name. */
  nested: NestedColumn[]
}

/**
 * Finds the columns of a file, of which some are mapped.
 *
 * @throws PulseError `input-column` as `findPath` and `matchColumns`
 */
export function placeColumns(path: string, fields: Fields, map: MappedColumns): PlacedColumns {
  const level = levelOf(fields)
  const mapped = new Map<string, string>()
  const nested: NestedColumn[] = []
  for (const [column, wanted = []] of Object.entries(map)) {
    const found = findPath(path, column, wanted, level)
    const taken = [...level.names, ...nested.map(({ name }) => name)]
    const name = found.length === 1 ? found[0] : unusedName(found.join('.'), taken)
    if (found.length > 1) nested.push({ name, path: found })
    mapped.set(column, name)
  }
  const advise = (lacking: readonly string[]): string =>
    suggestMap(lacking, pathsIn(level)) ?? mapNeeded(lacking)
  return { columns: matchColumns(path, level.names, { mapped, advise }), mapped, nested }
}

const mapNeeded = (lacking: readonly string[]): string => {
  const places = lacking.map((column) => `${column}=PATH`).join(',')
  return `rename the column, add it, or name its place with --map "${places}"`
}

const levelOf = (fields: Fields): NameLevel => ({
  names: [...fields.keys()],
  within: (name) => {
    const found = fields.get(name) ?? ''
    return typeof found === 'string' ? kindOf(found) : levelOf(found)
  },
})

function kindOf(type: string): string {
  if (type.endsWith(']')) return 'a list'
  return type.startsWith('MAP(') ? 'a map' : `a value of type ${type}`
}

/** The names on the way to a column. */
export const pathOf = (name: string, nested: readonly NestedColumn[]): FoundPath =>
  nested.find((one) => one.name === name)?.path ?? [name]

/** The type of the value at a path. */
export function typeAt(fields: Fields, [name, ...within]: FoundPath): string {
  const found = fields.get(name) ?? ''
  if (typeof found === 'string') return found
  return within.length === 0 ? 'STRUCT' : typeAt(found, within)
}

/** A name that none of `names` is, in any case. */
export function unusedName(name: string, names: readonly string[]): string {
  const taken = new Set(names.map((found) => found.toLowerCase()))
  let free = name
  while (taken.has(free.toLowerCase())) free += '_'
  return free
}
