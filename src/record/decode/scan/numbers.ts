// Reads a number of JSON from its bytes, as the float64 that `JSON.parse` gives.
import { afterNumber, BYTE, ODD } from './places.ts'

/** Digits whose whole number a float64 holds whatever they are. */
const EXACT_DIGITS = 15
const INT_DIGITS = 9
/** Powers of ten; all of them are exact, so dividing an exact number by one rounds once. */
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, at) => 10 ** at)
const LETTER_E = 0x65
const letters = new TextDecoder('latin1')

/** A number that was read; reused, because two results would be an object each. */
export interface ReadNumber {
  value: number
}

/** Reads a number into `read`. Returns the place after it, or ODD. */
export function readNumber(bytes: Uint8Array, from: number, to: number, read: ReadNumber): number {
  const isNegative = bytes[from] === BYTE.minus
  let at = isNegative ? from + 1 : from
  const first = at
  let digit = 0
  // Nine digits are an int32, whose arithmetic takes less time.
  let start = 0
  const most = Math.min(to, first + INT_DIGITS)
  while (at < most) {
    digit = bytes[at] - BYTE.zero
    if (digit < 0 || digit > 9) break
    start = (start * 10 + digit) | 0
    at++
  }
  let value = start
  while (at < to) {
    digit = bytes[at] - BYTE.zero
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    at++
  }
  const whole = at - first
  let scale = 0
  if (at < to && bytes[at] === BYTE.point) {
    const point = at++
    while (at < to) {
      digit = bytes[at] - BYTE.zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      at++
    }
    scale = at - point - 1
    if (scale === 0) return ODD
  }
  const isOther =
    whole === 0 ||
    whole + scale > EXACT_DIGITS ||
    (whole > 1 && bytes[first] === BYTE.zero) ||
    (at < to && (bytes[at] | 0x20) === LETTER_E)
  if (isOther) return readAny(bytes, from, to, read)
  if (scale > 0) value /= POWERS[scale]
  read.value = isNegative ? -value : value
  return at
}

/** Any number: with an exponent, or with more digits than a float64 holds. */
function readAny(bytes: Uint8Array, from: number, to: number, read: ReadNumber): number {
  const end = afterNumber(bytes, from, to)
  if (end === ODD) return ODD
  read.value = Number(letters.decode(bytes.subarray(from, end)))
  return end
}
