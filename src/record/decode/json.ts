// Decodes one message of JSON, an object with the columns of an XDR file, into a row of columns.
import { real } from './avro-bytes.ts'
import type { DecodeRow } from './avro.ts'
import { UNREADABLE } from '../batch.ts'
import { PLACE, USED_COLUMNS } from '../columns.ts'
import { canonicalName } from '../column-names.ts'
import { msisdnOf } from '../msisdn.ts'
import { instantOf, instantOfDigits, isNanoseconds } from '../numeric-time.ts'
import { isMissing, numberOf, timeOf } from './text.ts'
import { wallClockOf, type WallClock } from './text-zone.ts'

/** The largest JSON message that is decoded, in bytes; a record has about 2 KB. */
export const MOST_JSON_BYTES = 1_048_576
/** Names remembered; the bound keeps memory flat when each message has new names. */
const MOST_NAMES = 4096

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The column that a name stands for. */
interface Place {
  /** In USED_COLUMNS; -1 for a column that is not used. */
  column: number
  /** Whether the name is the canonical one. */
  exact: boolean
}

/**
 * The decoder of JSON messages. A column is found under any known name, and the canonical name wins;
 * a column that an object lacks is missing. A message is malformed when it is not an object, has no
 * known column, has an object or array as a used value, or exceeds MOST_JSON_BYTES.
 */
export function compileJson(options: { timeZone: string }): DecodeRow {
  const clock = wallClockOf(options.timeZone)
  const placeOf = createPlaces()
  const exact = new Uint8Array(USED_COLUMNS.length)
  const seen = new Uint8Array(USED_COLUMNS.length)
  return (bytes, from, to, columns, row) => {
    const object = parseObject(bytes, from, to)
    if (object === null) return false
    for (const column of columns) column[row] = NaN
    exact.fill(0)
    seen.fill(0)
    let known = false
    for (const name of Object.keys(object)) {
      const place = placeOf(name)
      if (place === null) continue
      known = true
      const { column } = place
      if (column < 0 || (seen[column] === 1 && (exact[column] === 1 || !place.exact))) continue
      if (place.exact) exact[column] = 1
      const raw = object[name]
      const value =
        typeof raw === 'number' && isNanoseconds(raw) && isTime(column)
          ? exactTime(utf8.decode(bytes.subarray(from, to)), name, raw, clock)
          : valueOf(raw, column, clock)
      if (value === null) return false
      columns[column][row] = value
      seen[column] = 1
    }
    useWholeTime(columns[PLACE.start], columns[PLACE.startMs], row)
    useWholeTime(columns[PLACE.end], columns[PLACE.endMs], row)
    return known
  }
}

function parseObject(
  bytes: Uint8Array,
  from: number,
  to: number,
): Readonly<Record<string, unknown>> | null {
  if (to - from > MOST_JSON_BYTES) return null
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes.subarray(from, to)))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : null
  } catch {
    // Invalid UTF-8 or invalid JSON: a malformed message.
    return null
  }
}

function createPlaces(): (name: string) => Place | null {
  const known = new Map<string, Place | null>()
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const canonical = canonicalName(name)
    const place =
      canonical === undefined
        ? null
        : {
            column: USED_COLUMNS.indexOf(canonical),
            exact: name === canonical,
          }
    if (known.size < MOST_NAMES) known.set(name, place)
    return place
  }
}

/** Null for an object or array, which no column holds. */
function valueOf(value: unknown, column: number, clock: WallClock): number | null {
  if (value === null) return NaN
  if (column === PLACE.bearer) {
    if (typeof value === 'string') return isMissing(value) ? NaN : 1
    return typeof value === 'object' ? null : 1
  }
  const time = isTime(column)
  if (typeof value === 'number') return time ? instantOf(value, clock) : real(value)
  if (typeof value === 'string') {
    if (column === PLACE.msisdn) return msisdnOf(value)
    return time ? timeOf(value, clock) : numberOf(value)
  }
  if (typeof value === 'boolean') return time ? UNREADABLE : Number(value)
  return null
}

const isTime = (column: number): boolean => column === PLACE.start || column === PLACE.end

/** What a reviver is given of a number: its text. */
interface Source {
  source?: string
}

/**
 * The time of a member of the object in nanoseconds, by its digits: a number does not hold them. Of
 * an object nested too deep for a reviver it is the time of the nearest number.
 */
function exactTime(text: string, name: string, nearest: number, clock: WallClock): number {
  const sources = new Map<unknown, string>()
  let digits = ''
  try {
    // The type of the library lacks the third argument.
    JSON.parse(text, function (this: unknown, key: string, value: unknown, context?: Source) {
      if (key === name && context?.source !== undefined) sources.set(this, context.source)
      // The whole comes last. A member of an inner object may have the same name.
      if (key === '') digits = sources.get(value) ?? digits
      return value
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return instantOfDigits(digits, clock) ?? instantOf(nearest, clock)
}

/** The milliseconds column is below 1,000; a larger value without a time is the whole time. */
function useWholeTime(times: Float64Array, parts: Float64Array, row: number): void {
  if (!Number.isNaN(times[row]) || !(parts[row] >= 1000)) return
  times[row] = parts[row]
  parts[row] = NaN
}
