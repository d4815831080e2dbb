// The names of a JSON message, for sentences on columns that it lacks; no value of it is in them.
import { canonicalName, nearestFound } from '../column-names.ts'
import type { NameLevel } from '../column-path.ts'
import { pathsIn, suggestMap } from '../map-suggestion.ts'
import { pathText, type MappedColumns } from '../mapped-columns.ts'

/** A name with this many digits may be an MSISDN, which no sentence holds. */
const NUMBERS = /\d{6}/
const LONGEST_NAME = 60

/** The paths to the values of an object. */
export const jsonPaths = (object: unknown): (readonly string[])[] =>
  isObject(object) ? pathsIn(levelOf(object)) : []

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const levelOf = (object: object): NameLevel => ({
  names: Object.keys(object).filter((name) => name.length <= LONGEST_NAME && !NUMBERS.test(name)),
  within: (name) => {
    const value = (object as Readonly<Record<string, unknown>>)[name]
    return isObject(value) ? levelOf(value) : 'a value'
  },
})

/** Columns that are missing, as a list, each with the nearest names found; and the map that finds them. */
export function missingColumns(
  paths: readonly (readonly string[])[],
  missing: readonly string[],
  mapped: MappedColumns,
): string {
  const all = paths.map(pathText)
  const top = [...new Set(paths.map(([name]) => name))]
  // A name of another column is not this one; when there are no others, all are shown.
  const others = top.filter((name) => canonicalName(name) === undefined)
  const near = others.length > 0 ? others : top
  const list = missing.map((column) => {
    const path = mapped[column]
    if (path === undefined) return `"${column}" (${nearestFound(column, near)})`
    const wanted = pathText(path)
    return `"${column}", mapped to "${wanted}" (${nearestFound(wanted, all)})`
  })
  const suggestion = suggestMap(
    missing.filter((column) => mapped[column] === undefined),
    paths,
  )
  return list.join(', ') + (suggestion === null ? '' : `; ${suggestion}`)
}
