// Follows the paths of --map through objects of JSON within each other.
import { USED_COLUMNS } from '../columns.ts'
import { MOST_NAME_LETTERS } from '../column-names.ts'
import { isAlike } from '../column-path.ts'
import { pathText, type MappedColumns } from '../mapped-columns.ts'

/** Where a column is, in objects within each other. */
export interface JsonPath {
  /** In USED_COLUMNS. */
  place: number
  /** As it is written in --map. */
  text: string
  /** As --map has it, and with dots that belong to names; the longest names come first. */
  ways: readonly (readonly string[])[]
  /** The names by which it was found last, where they are spelt in another way. */
  found: readonly string[] | null
}

/** What a path leads to when a value on the way is null, or not an object. */
export const NULL_OBJECT = Symbol('null')
/** See NULL_OBJECT. */
export const NO_OBJECT = Symbol('no object')

/** The paths of columns that are used. */
export const jsonPathsOf = (mapped: MappedColumns): JsonPath[] =>
  USED_COLUMNS.flatMap((column, place) => {
    const path = mapped[column]
    return path === undefined
      ? []
      : [{ place, text: pathText(path), ways: waysOf(path), found: null }]
  })

function waysOf(path: readonly string[]): string[][] {
  return path
    .toReversed()
    .reduce<string[][]>(
      (ways, name) =>
        ways.length === 0
          ? [[name]]
          : [
              ...ways.map(([first, ...rest]) => [`${name}.${first}`, ...rest]),
              ...ways.map((way) => [name, ...way]),
            ],
      [],
    )
}

/** The value at a path: undefined where a name is absent, NULL_OBJECT or NO_OBJECT as above. */
export function valueAt(object: unknown, path: JsonPath): unknown {
  for (const way of path.ways) {
    const value = follow(object, way)
    if (value !== undefined) return value
  }
  if (path.found !== null) {
    const value = follow(object, path.found)
    if (value !== undefined) return value
  }
  for (const way of path.ways) {
    const found = spelt(object, way)
    if (found === null) continue
    path.found = found
    return follow(object, found)
  }
  return undefined
}

/** The names that lead to a value that was found, as the object spells them. */
export function namesTo(object: unknown, { ways, found }: JsonPath): readonly string[] {
  const leads = (way: readonly string[]): boolean => follow(object, way) !== undefined
  return ways.find(leads) ?? found ?? []
}

/** The path to the null instead of an object that a path leads to. */
export function nullIn(object: unknown, path: JsonPath): string {
  const names = namesTo(object, path)
  const depth = names.findIndex((_, at) => follow(object, names.slice(0, at + 1)) === null)
  return pathText(names.slice(0, depth + 1))
}

/** The value that exact names lead to. */
export function follow(object: unknown, names: readonly string[]): unknown {
  let value = object
  for (const [depth, name] of names.entries()) {
    if (value === null && depth > 0) return NULL_OBJECT
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_OBJECT
    if (!Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

/** The names as the object spells them, as far as there are objects; null where one is absent. */
function spelt(object: unknown, names: readonly string[]): string[] | null {
  const found: string[] = []
  let value = object
  for (const name of names) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return [...found, ...names.slice(found.length)]
    }
    const inner = value as Readonly<Record<string, unknown>>
    const own = Object.hasOwn(inner, name)
      ? name
      : Object.keys(inner).find((one) => one.length <= MOST_NAME_LETTERS && isAlike(one, name))
    if (own === undefined) return null
    found.push(own)
    value = inner[own]
  }
  return found
}
