// Reads what is written after --map: `NAME=path,NAME=path`.
import { knownColumn, nearestNames } from './column-names.ts'
import { FILE_COLUMNS } from './columns.ts'
import { pathText, type MappedColumns } from './mapped-columns.ts'

/** What a text means, or what was expected and found instead. */
export type ParsedMap = { mapped: MappedColumns } | { problem: string }

const NAMES = FILE_COLUMNS.map(({ name }) => name)

/**
 * Parses a map. A dot divides the names of a path; a backslash takes the next character as it is. An
 * empty text maps nothing.
 */
export function parseMap(text: string): ParsedMap {
  const mapped: Record<string, string[] | undefined> = {}
  const columnOf = new Map<string, string>()
  for (const entry of divided(text, ',')) {
    if (entry.trim() === '') continue
    const at = entry.indexOf('=')
    if (at < 0) return { problem: `NAME=path, comma-separated ("${entry.trim()}" has no "=")` }
    const written = entry.slice(0, at).trim()
    const column = knownColumn(written)
    if (column === undefined) return { problem: unknownColumn(written) }
    if (mapped[column] !== undefined) return { problem: `each column once, not "${column}" twice` }
    const path = divided(entry.slice(at + 1).trim(), '.').map(plain)
    if (path.join('').trim() === '') return { problem: `a path after "${written}="` }
    const other = columnOf.get(pathText(path))
    // The presence of any value may stand for that of a bearer.
    if (other !== undefined && ![column, other].includes('Bearer Id')) {
      const both = `${other} and ${column}`
      return { problem: `a path for one column, not "${pathText(path)}" for both ${both}` }
    }
    mapped[column] = path
    columnOf.set(pathText(path), column)
  }
  return { mapped }
}

function unknownColumn(written: string): string {
  const nearest = nearestNames(written, NAMES).map((name) => `"${name}"`)
  return (
    `one of the ${NAMES.length} columns before each "=", not "${written}" ` +
    `(nearest: ${nearest.join(', ')})`
  )
}

/** The parts between `mark`; one after a backslash divides nothing. */
function divided(text: string, mark: string): string[] {
  const parts = ['']
  for (let at = 0; at < text.length; at++) {
    if (text[at] === mark) parts.push('')
    else if (text[at] === '\\') parts[parts.length - 1] += text.slice(at, ++at + 1)
    else parts[parts.length - 1] += text[at]
  }
  return parts
}

const plain = (text: string): string => text.replace(/\\(.)/gs, '$1')
