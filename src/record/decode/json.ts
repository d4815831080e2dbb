// Decodes one message of JSON, an object with the columns of an XDR file, into a row of columns.
import type { DecodeRow } from './avro.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import type { MappedColumns } from '../mapped-columns.ts'
import { isNeeded, NEEDED_COLUMNS } from '../readable.ts'
import { namesTo, NO_OBJECT, nullIn, NULL_OBJECT, valueAt } from './json-paths.ts'
import { namesOf, type Names } from './json-places.ts'
import { exactTime, isExactTime, valueOf } from './json-value.ts'
import { createScanner } from './scan/scanner.ts'
import type { TextReading } from './text-reading.ts'

/** The largest JSON message that is decoded, in bytes; a record has about 2 KB. */
export const MOST_JSON_BYTES = 1_048_576

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The decoder of JSON messages. */
export interface DecodeJson extends DecodeRow {
  /** Columns that some message of a topic has to have: those that are needed, and those mapped. */
  required: readonly string[]
  /**
   * Of the message decoded last: a bit for each of `required` that no member names; also where the
   * message is malformed because it has no known column.
   */
  lacking: number
  /** Messages that were left to the parser. */
  parsed: number
}

/**
 * The decoder of JSON messages. A column is read from its path in `mapped`, else found under any known
 * name, and the canonical name wins; a column that an object lacks is missing. A message is malformed
 * when it is not an object, has no known column, has an object or array as a used value, has anything
 * else where a path needs an object, or exceeds MOST_JSON_BYTES.
 *
 * Messages of the usual shape are scanned; the parser reads all others, and the first ones.
 */
export function compileJson(texts: TextReading, mapped: MappedColumns = {}): DecodeJson {
  const names = namesOf(texts, mapped)
  const { scan, seen, learn } = createScanner(texts, names.paths, names.placeOf)
  const parse = compileParser(texts, mapped, { names, learn })
  const { required } = parse
  const places = placesOf(required)
  let [parsed, left, nullPath] = [0, 0, null as string | null]
  const read: DecodeRow = (bytes, from, to, columns, row) => {
    const isTried = left < MOST_LEFT || parsed % TRIED_AGAIN === 0
    if (isTried && to - from <= MOST_JSON_BYTES && scan(bytes, from, to, columns, row)) {
      left = 0
      nullPath = null
      finish(decode, places, seen, columns, row)
      return true
    }
    left++
    decode.parsed = ++parsed
    const isRow = parse(bytes, from, to, columns, row)
    nullPath = parse.nullPath?.() ?? null
    decode.lacking = parse.lacking
    return isRow
  }
  const decode = Object.assign(read, { required, lacking: 0, parsed, nullPath: () => nullPath })
  return decode
}

/** After this number of messages in turn that were left to the parser, few are scanned. */
const MOST_LEFT = 64
/** Then one of this number is. */
const TRIED_AGAIN = 64

/** What a parser shares with a scanner. */
interface Shared {
  names: Names
  /** Receives objects that were read, with or without a known column. */
  learn: (object: object) => void
}

/** The same decoder without the scanner: each message becomes an object. */
export function compileParser(
  texts: TextReading,
  mapped: MappedColumns = {},
  { names, learn }: Shared = { names: namesOf(texts, mapped), learn: () => undefined },
): DecodeJson {
  const { clock } = texts
  const { placeOf, paths } = names
  const exact = new Uint8Array(USED_COLUMNS.length)
  const seen = new Uint8Array(USED_COLUMNS.length)
  const required = requiredColumns(mapped)
  const places = placesOf(required)
  let nullPath: string | null = null
  const read: DecodeRow = (bytes, from, to, columns, row) => {
    const object = parseObject(bytes, from, to)
    decode.lacking = 0
    if (object === null) return false
    for (const column of columns) column[row] = NaN
    exact.fill(0)
    seen.fill(0)
    nullPath = null
    let known = false
    for (const name of Object.keys(object)) {
      const place = placeOf(name)
      if (place === null) continue
      known = true
      const { column } = place
      if (column < 0 || (seen[column] === 1 && (exact[column] === 1 || !place.exact))) continue
      if (place.exact) exact[column] = 1
      const raw = object[name]
      const value = isExactTime(raw, column)
        ? exactTime(textOf(bytes, from, to), [name], raw, clock)
        : valueOf(raw, column, texts)
      if (value === null) return false
      columns[column][row] = value
      seen[column] = 1
    }
    for (const path of paths) {
      const raw = valueAt(object, path)
      if (raw === undefined) continue
      known = true
      const { place } = path
      seen[place] = 1
      if (raw === NULL_OBJECT) {
        if (isNeeded(USED_COLUMNS[place])) nullPath ??= nullIn(object, path)
        continue
      }
      const value = isExactTime(raw, place)
        ? exactTime(textOf(bytes, from, to), namesTo(object, path), raw, clock)
        : valueOf(raw, place, texts)
      if (value === null || raw === NO_OBJECT) return false
      columns[place][row] = value
    }
    finish(decode, places, seen, columns, row)
    learn(object)
    return known
  }
  const decode = Object.assign(read, { required, lacking: 0, parsed: 0, nullPath: () => nullPath })
  return decode
}

const placesOf = (columns: readonly string[]): number[] =>
  columns.map((column) => USED_COLUMNS.indexOf(column))

/** Finishes a row whose values are read. */
function finish(
  decode: DecodeJson,
  places: readonly number[],
  seen: Uint8Array,
  columns: readonly Float64Array[],
  row: number,
): void {
  useWholeTime(columns[PLACE.start], columns[PLACE.startMs], row)
  useWholeTime(columns[PLACE.end], columns[PLACE.endMs], row)
  decode.lacking = lackingOf(places, seen)
}

/** Columns that messages of JSON have to have: those that are needed, and others that are mapped. */
export const requiredColumns = (mapped: MappedColumns): readonly string[] => [
  ...NEEDED_COLUMNS,
  ...USED_COLUMNS.filter((column) => !isNeeded(column) && mapped[column] !== undefined),
]

function lackingOf(places: readonly number[], seen: Uint8Array): number {
  let lacking = 0
  for (let at = 0; at < places.length; at++) if (seen[places[at]] === 0) lacking |= 1 << at
  return lacking
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  utf8.decode(bytes.subarray(from, to))

function parseObject(
  bytes: Uint8Array,
  from: number,
  to: number,
): Readonly<Record<string, unknown>> | null {
  if (to - from > MOST_JSON_BYTES) return null
  try {
    const value: unknown = JSON.parse(textOf(bytes, from, to))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : null
  } catch {
    // Invalid UTF-8 or invalid JSON: a malformed message.
    return null
  }
}

/** The milliseconds column is below 1,000; a larger value without a time is the whole time. */
function useWholeTime(times: Float64Array, parts: Float64Array, row: number): void {
  if (!Number.isNaN(times[row]) || !(parts[row] >= 1000)) return
  times[row] = parts[row]
  parts[row] = NaN
}
