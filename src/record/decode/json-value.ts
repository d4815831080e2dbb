// Reads one value of a JSON message as the number of its column.
import { real } from './avro-bytes.ts'
import { UNREADABLE } from '../batch.ts'
import { PLACE } from '../columns.ts'
import { msisdnOf } from '../msisdn.ts'
import { instantOf, instantOfDigits, isNanoseconds } from '../numeric-time.ts'
import { follow } from './json-paths.ts'
import { isMissing } from './text.ts'
import { numberOfText, timeOfText, type TextReading } from './text-reading.ts'
import type { WallClock } from './text-zone.ts'

/** The number of a value; null for an object or array, which no column holds. */
export function valueOf(value: unknown, column: number, texts: TextReading): number | null {
  if (value === null) return NaN
  if (column === PLACE.bearer) {
    if (typeof value === 'string') return isMissing(value) ? NaN : 1
    return typeof value === 'object' ? null : 1
  }
  const time = isTime(column)
  if (typeof value === 'number') return time ? instantOf(value, texts.clock) : real(value)
  if (typeof value === 'string') {
    if (column === PLACE.msisdn) return msisdnOf(value)
    return time ? timeOfText(value, texts) : numberOfText(value, column, texts)
  }
  if (typeof value === 'boolean') return time ? UNREADABLE : Number(value)
  return null
}

const isTime = (column: number): boolean => column === PLACE.start || column === PLACE.end

/** Whether a value is a time in nanoseconds, more digits than a number holds. */
export const isExactTime = (value: unknown, column: number): value is number =>
  typeof value === 'number' && isTime(column) && isNanoseconds(value)

/** What a reviver is given of a number: its text. */
interface Source {
  source?: string
}

/**
 * The time in nanoseconds under names within each other, by its digits: a number does not hold them.
 * Of an object nested too deep for a reviver it is the time of the nearest number.
 */
export function exactTime(
  text: string,
  names: readonly string[],
  nearest: number,
  clock: WallClock,
): number {
  const sources = new Map<unknown, string>()
  const name = names[names.length - 1]
  let digits = ''
  try {
    // The type of the library lacks the third argument.
    JSON.parse(text, function (this: unknown, key: string, value: unknown, context?: Source) {
      if (key === name && context?.source !== undefined) sources.set(this, context.source)
      // The whole comes last. Members of other objects may have the same name.
      if (key === '') digits = sources.get(follow(value, names.slice(0, -1))) ?? digits
      return value
    })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return instantOfDigits(digits, clock) ?? instantOf(nearest, clock)
}
