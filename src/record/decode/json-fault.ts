// Why a JSON message was rejected, as a sentence that holds none of its values.
import { canonicalName } from '../column-names.ts'
import { USED_COLUMNS } from '../columns.ts'
import type { MappedColumns } from '../mapped-columns.ts'
import { NEEDED_COLUMNS } from '../readable.ts'
import { MOST_JSON_BYTES } from './json.ts'
import { jsonPaths, missingColumns } from './json-names.ts'
import { jsonPathsOf, NO_OBJECT, valueAt } from './json-paths.ts'

const strict = new TextDecoder('utf-8', { fatal: true })
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
/** One character per byte, so that places in the text are places in the bytes. */
const byBytes = new TextDecoder('latin1')
const MARK = 'ï»¿'

/** Why bytes that `compileJson` does not decode are malformed; bytes count from the first one. */
export function jsonFault(
  bytes: Uint8Array,
  from: number,
  to: number,
  mapped: MappedColumns = {},
): string {
  if (to - from > MOST_JSON_BYTES) {
    return `JSON: the text has ${to - from} bytes, expected at most ${MOST_JSON_BYTES}`
  }
  const text = bytes.subarray(from, to)
  const object = parsedJson(text)
  if (object === undefined) return `JSON: at byte ${placeOf(text)}`
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return 'JSON: the text is not an object'
  }
  for (const path of jsonPathsOf(mapped)) {
    const value = valueAt(object, path)
    const column = USED_COLUMNS[path.place]
    const mapping = `JSON: the column "${column}", mapped to "${path.text}",`
    if (value === NO_OBJECT) return `${mapping} is within a value that is not an object`
    if (typeof value === 'object' && value !== null) return `${mapping} ${NESTED}`
  }
  const nested = Object.entries(object).find(
    ([name, value]) => typeof value === 'object' && isUsed(name, value, mapped),
  )
  if (nested !== undefined) return `JSON: the column "${canonicalName(nested[0])}" ${NESTED}`
  const needed = missingColumns(jsonPaths(object), NEEDED_COLUMNS, mapped)
  return `JSON: no member is a known column, expected ${needed}`
}

const NESTED = 'is an object or array, expected a number or text'

function isUsed(name: string, value: unknown, mapped: MappedColumns): boolean {
  const column = canonicalName(name) ?? ''
  return value !== null && USED_COLUMNS.includes(column) && mapped[column] === undefined
}

/** What bytes are in JSON; undefined for bytes that are not JSON in UTF-8. */
export function parsedJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(strict.decode(text)) as unknown
  } catch {
    // The place is found below.
    return undefined
  }
}

/** Where a text stops to be JSON in UTF-8, and what was expected there. */
function placeOf(text: Uint8Array): string {
  const again = new TextEncoder().encode(lenient.decode(text))
  const damaged = again.findIndex((byte, at) => byte !== text[at])
  if (damaged >= 0 || again.length !== text.length) return `${damaged}, expected UTF-8`
  const letters = byBytes.decode(text)
  const fault = firstFault(letters, letters.startsWith(MARK) ? MARK.length : 0)
  const found = fault.at >= letters.length ? 'the text ends' : 'another character was found'
  return `${fault.at}, ${found}; expected ${fault.expected}`
}

interface Fault {
  at: number
  expected: string
}

/** What may come next in a text. */
type Next = 'value' | 'first item' | 'name' | 'first name' | 'rest'

const SPACE = /[ \t\n\r]*/y
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

/** The first fault of a text that `JSON.parse` refuses. */
function firstFault(text: string, from: number): Fault {
  const closers: string[] = []
  let [at, next]: [number, Next] = [from, 'value']
  for (;;) {
    at = after(SPACE, text, at)
    const letter = text.charAt(at)
    const closer = closers.at(-1)
    if (letter === closer && next !== 'value' && next !== 'name') {
      closers.pop()
      ;[at, next] = [at + 1, 'rest']
    } else if (next === 'rest') {
      if (closer === undefined) return { at, expected: 'the end' }
      if (letter !== ',') return { at, expected: `"," or "${closer}"` }
      ;[at, next] = [at + 1, closer === '}' ? 'name' : 'value']
    } else if (next === 'name' || next === 'first name') {
      const end = letter === '"' ? endOfText(text, at) : at
      if (typeof end === 'object') return end
      if (end === at) return { at, expected: 'a name in quotes' }
      at = after(SPACE, text, end)
      if (text[at] !== ':') return { at, expected: '":"' }
      ;[at, next] = [at + 1, 'value']
    } else if (letter === '{' || letter === '[') {
      closers.push(letter === '{' ? '}' : ']')
      ;[at, next] = [at + 1, letter === '{' ? 'first name' : 'first item']
    } else {
      const end = letter === '"' ? endOfText(text, at) : after(SCALAR, text, at)
      if (typeof end === 'object') return end
      if (end < 0) return { at, expected: 'a value' }
      ;[at, next] = [end, 'rest']
    }
  }
}

/** The place after a text in quotes, or the fault in it. */
function endOfText(text: string, from: number): number | Fault {
  for (let at = from + 1; at < text.length;) {
    const letter = text[at]
    if (letter === '"') return at + 1
    if (letter < ' ') return { at, expected: 'no control character in a text' }
    const end = letter === '\\' ? after(ESCAPE, text, at) : at + 1
    if (end < 0) return { at, expected: 'an escape of JSON' }
    at = end
  }
  return { at: text.length, expected: 'the end of a text in quotes' }
}
