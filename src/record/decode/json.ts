// Decodes one message of JSON, an object with the columns of an XDR file, into a row of columns.
import type { DecodeRow } from './avro.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import { canonicalName, MOST_NAME_LETTERS, volumeEnding } from '../column-names.ts'
import { isAlike } from '../column-path.ts'
import { noteVolume } from '../formats/volume-question.ts'
import { VOLUME_PLACES } from '../formats/volume-unit.ts'
import type { MappedColumns } from '../mapped-columns.ts'
import { isNeeded, NEEDED_COLUMNS } from '../readable.ts'
import { jsonPathsOf, namesTo, NO_OBJECT, nullIn, NULL_OBJECT, valueAt } from './json-paths.ts'
import { exactTime, isExactTime, valueOf } from './json-value.ts'
import type { TextReading } from './text-reading.ts'

/** The largest JSON message that is decoded, in bytes; a record has about 2 KB. */
export const MOST_JSON_BYTES = 1_048_576
/** Names remembered, each of MOST_NAME_LETTERS: memory stays flat when each message has new names. */
const MOST_NAMES = 4096

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The column that a name stands for. */
interface Place {
  /** In USED_COLUMNS; -1 for a column that is not used, or not by this name. */
  column: number
  /** Whether the name is the canonical one. */
  exact: boolean
}

/** The decoder of JSON messages. */
export interface DecodeJson extends DecodeRow {
  /** Columns that some message of a topic has to have: those that are needed, and those mapped. */
  required: readonly string[]
  /**
   * Of the message decoded last: a bit for each of `required` that no member names; also where the
   * message is malformed because it has no known column.
   */
  lacking: number
}

/**
 * The decoder of JSON messages. A column is read from its path in `mapped`, else found under any known
 * name, and the canonical name wins; a column that an object lacks is missing. A message is malformed
 * when it is not an object, has no known column, has an object or array as a used value, has anything
 * else where a path needs an object, or exceeds MOST_JSON_BYTES.
 */
export function compileJson(texts: TextReading, mapped: MappedColumns = {}): DecodeJson {
  const { clock } = texts
  const placeOf = createPlaces(texts.volumes, mapped)
  const paths = jsonPathsOf(mapped)
  // Any name that is mapped may end in a unit.
  for (const { place, ways } of paths) {
    if (VOLUME_PLACES.includes(place)) noteVolume(texts.volumes, ways.at(-1)?.at(-1) ?? '')
  }
  const exact = new Uint8Array(USED_COLUMNS.length)
  const seen = new Uint8Array(USED_COLUMNS.length)
  const required = requiredColumns(mapped)
  const places = required.map((column) => USED_COLUMNS.indexOf(column))
  let nullPath: string | null = null
  const decode: DecodeJson = (bytes, from, to, columns, row) => {
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
    useWholeTime(columns[PLACE.start], columns[PLACE.startMs], row)
    useWholeTime(columns[PLACE.end], columns[PLACE.endMs], row)
    decode.lacking = lackingOf(places, seen)
    return known
  }
  decode.required = required
  decode.lacking = 0
  decode.nullPath = () => nullPath
  return decode
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

/** @param volumes receives the names that state a unit of volumes */
function createPlaces(volumes: Set<string>, mapped: MappedColumns): (name: string) => Place | null {
  const paths = Object.values(mapped)
  const isTaken = (name: string): boolean =>
    paths.some((path) => path?.length === 1 && isAlike(path[0], name))
  const known = new Map<string, Place | null>()
  return (name) => {
    if (name.length > MOST_NAME_LETTERS) return null
    const found = known.get(name)
    if (found !== undefined) return found
    const canonical = canonicalName(name)
    const isFree = canonical !== undefined && mapped[canonical] === undefined && !isTaken(name)
    if (volumeEnding(name) !== null) noteVolume(volumes, name)
    const column = isFree ? USED_COLUMNS.indexOf(canonical) : -1
    const place = canonical === undefined ? null : { column, exact: name === canonical }
    if (known.size < MOST_NAMES) known.set(name, place)
    return place
  }
}

/** The milliseconds column is below 1,000; a larger value without a time is the whole time. */
function useWholeTime(times: Float64Array, parts: Float64Array, row: number): void {
  if (!Number.isNaN(times[row]) || !(parts[row] >= 1000)) return
  times[row] = parts[row]
  parts[row] = NaN
}
