// Functions that the generated code calls to read Avro's bytes: long integers, texts, decimals.
import { UNREADABLE } from '../batch.ts'
import { instantOf, isNanoseconds } from '../numeric-time.ts'
import { msisdnOf } from '../msisdn.ts'
import { isMissing } from './text.ts'
import { numberOfText, timeOfText, type TextReading } from './text-reading.ts'
import type { WallClock } from './text-zone.ts'

/** Bytes of the longest varint: 64 bits, 7 per byte. */
const LONGEST_VARINT = 10
/** Longer decimals become infinite: no column holds them, and their conversion would be slow. */
const LONGEST_DECIMAL = 1024
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Reads a long as the nearest double. `after[0]` becomes the place after it, -1 where it does not end
 * before `to` or within 64 bits.
 */
export function readLong(bytes: Uint8Array, from: number, to: number, after: Int32Array): number {
  const end = Math.min(to, from + LONGEST_VARINT)
  let [low, high, at] = [0, 0, from]
  after[0] = -1
  for (let scale = 1; ; scale *= 128) {
    if (at >= end) return 0
    const byte = bytes[at++]
    const bits = byte & 127
    // Both halves are exact, so the sum is rounded once.
    if (at - from <= 4) low += bits * scale
    else high += bits * (scale / 268_435_456)
    if (byte < 128) {
      if (at - from === LONGEST_VARINT && byte > 1) return 0
      break
    }
  }
  after[0] = at
  const half = Math.floor(low / 2)
  return low % 2 === 1 ? -(high * 134_217_728 + (half + 1)) : high * 134_217_728 + half
}

/** The place after a long, whose value is not needed; -1 as in `readLong`. */
export function skipLong(bytes: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + LONGEST_VARINT)
  for (let at = from; at < end; at++) {
    if (bytes[at] < 128) return at - from === LONGEST_VARINT - 1 && bytes[at] > 1 ? -1 : at + 1
  }
  return -1
}

const textOf = (bytes: Uint8Array, from: number, to: number): string =>
  utf8.decode(bytes.subarray(from, to))

/**
 * The number that a text spells in a column, by its place in USED_COLUMNS; up to 15 digits, the usual
 * case, are read directly.
 */
export function numberAt(
  bytes: Uint8Array,
  from: number,
  to: number,
  texts: TextReading,
  place: number,
): number {
  const plain = digitsAt(bytes, from, to)
  return plain >= 0 ? plain : numberOfText(textOf(bytes, from, to), place, texts)
}

/** The same of a text that spells an MSISDN. */
export function msisdnAt(bytes: Uint8Array, from: number, to: number): number {
  const plain = digitsAt(bytes, from, to)
  return plain >= 0 ? plain : msisdnOf(textOf(bytes, from, to))
}

/** The number of 1 to 15 digits; -1 for any other text. */
function digitsAt(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > 15 || from === to) return -1
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = bytes[at] - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** 1 where a text holds a value, NaN where it spells a missing one. */
export function presenceAt(bytes: Uint8Array, from: number, to: number): number {
  if (from < to && bytes[from] >= 48 && bytes[from] <= 57) return 1
  return isMissing(textOf(bytes, from, to)) ? NaN : 1
}

/** The instant that a text spells. */
export function timeAt(bytes: Uint8Array, from: number, to: number, texts: TextReading): number {
  const { timeFormat: order, shown, clock } = texts
  const plain =
    order === null || shown !== null ? NaN : plainTimeAt(bytes, from, to, order === 'day-first')
  return Number.isNaN(plain) ? timeOfText(textOf(bytes, from, to), texts) : clock(plain)
}

/** The characters after the two parts of day and month, year and hour of `M/D/YYYY H:MM`. */
const ENDS = Uint8Array.from('// :', (end) => end.charCodeAt(0))

/**
 * The wall clock time of `M/D/YYYY H:MM`, the format of files, as if it were UTC. NaN for any other
 * text, and for days above 28, which the general parser checks.
 */
function plainTimeAt(bytes: Uint8Array, from: number, to: number, dayFirst: boolean): number {
  let [part, value, digits, first, second, year, hour] = [0, 0, 0, 0, 0, 0, 0]
  for (let at = from; at < to; at++) {
    const digit = bytes[at] - 48
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      if (++digits > (part === 2 ? 4 : 2)) return NaN
      continue
    }
    if (digits === 0 || part > 3 || bytes[at] !== ENDS[part]) return NaN
    if (part === 0) first = value
    else if (part === 1) second = value
    else if (part === 2) year = value
    else hour = value
    part++
    value = digits = 0
  }
  const [month, day] = dayFirst ? [second, first] : [first, second]
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= 28 && year >= 1000
  if (part !== 4 || digits === 0 || !isDate || hour > 23 || value > 59) return NaN
  return Date.UTC(year, month - 1, day, hour, value)
}

/** A decimal: two's complement, most significant byte first, divided by a power of ten. */
export function decimalAt(bytes: Uint8Array, from: number, to: number, scale: number): number {
  const size = to - from
  const negative = size > 0 && bytes[from] > 127
  if (size > LONGEST_DECIMAL) return negative ? -Infinity : Infinity
  if (size <= 6 && scale <= 22) {
    let value = negative ? -1 : 0
    for (let at = from; at < to; at++) value = value * 256 + bytes[at]
    return value / 10 ** scale
  }
  let unscaled = 0n
  for (let at = from; at < to; at++) unscaled = (unscaled << 8n) | BigInt(bytes[at])
  // Through text, so that it is rounded once.
  return real(Number(`${BigInt.asIntN(8 * size, unscaled)}e-${scale}`))
}

/** A real number; one that equals UNREADABLE becomes -Infinity, which is rejected as well. */
export const real = (value: number): number => (value === UNREADABLE ? -Infinity : value)

/** A number as a time. */
export const numberTime = (value: number, clock: WallClock): number => instantOf(value, clock)

/** Below it a float64 holds every whole number. */
const EXACT = 2 ** 53

/**
 * The long at `from`, whose nearest double is `value`, divided by `divisor` (below 2^26) and rounded
 * down: exact, also where the double is not.
 */
export function divideLong(
  bytes: Uint8Array,
  from: number,
  value: number,
  divisor: number,
): number {
  // A quotient of exact numbers this small is never rounded up to the next whole number.
  if (Math.abs(value) < EXACT) return Math.floor(value / divisor)
  let [low, high, scale] = [0, 0, 1]
  for (let at = from; ; at++, scale *= 128) {
    const bits = bytes[at] & 127
    if (at - from < 4) low += bits * scale
    else high += bits * (scale / 268_435_456)
    if (bytes[at] < 128) break
  }
  // Zigzag: the number is high * 2^27 + half, or -(that + 1).
  const half = Math.floor(low / 2)
  const negative = low % 2 === 1
  const rest = ((high % divisor) * 134_217_728 + half + (negative ? 1 : 0)) / divisor
  const whole = Math.floor(high / divisor) * 134_217_728
  return negative ? -(whole + Math.ceil(rest)) : whole + Math.floor(rest)
}

/** A long without a logical type as a time; nanoseconds are divided exactly. */
export const longTime = (
  bytes: Uint8Array,
  from: number,
  value: number,
  clock: WallClock,
): number => (isNanoseconds(value) ? divideLong(bytes, from, value, 1e6) : instantOf(value, clock))
