// The canonical order of subscribers: by MSISDN, whatever order their rows came in.
import { kept, type Scan } from './scan.ts'

/** Bits sorted by in one pass; five passes cover the 50 bits of 15 decimal digits. */
const DIGIT_BITS = 10
const DIGITS = 1 << DIGIT_BITS
const PASSES = 5

/**
 * Indexes into the scan in ascending order of MSISDN: least significant digit first radix sort
 * (Knuth, The Art of Computer Programming 3, section 5.2.5), stable, no comparisons. Rows that
 * came in order are recognised and digits in which all agree are skipped.
 */
export function orderByMsisdn(scan: Scan): Uint32Array {
  const msisdn = scan.columns.msisdn
  let order = Uint32Array.from({ length: 0 })
  order = new Uint32Array(scan.subscribers)
  for (let at = 0; at < order.length; at++) order[at] = at
  if (isSorted(msisdn, order.length)) return order
  let spare = new Uint32Array(order.length)
  for (let pass = 0; pass < PASSES; pass++) {
    if (sortByDigit(msisdn, 2 ** (DIGIT_BITS * pass), order, spare)) {
      const sorted = spare
      spare = order
      order = sorted
    }
  }
  return order
}

function isSorted(msisdn: readonly Float64Array[], count: number): boolean {
  for (let at = 1; at < count; at++) if (kept(msisdn, at - 1) > kept(msisdn, at)) return false
  return true
}

/** Stable counting sort by one digit, from `from` into `into`; false when all have the same. */
function sortByDigit(
  msisdn: readonly Float64Array[],
  unit: number,
  from: Uint32Array,
  into: Uint32Array,
): boolean {
  const ends = new Uint32Array(DIGITS)
  for (const index of from) ends[digitOf(kept(msisdn, index), unit)]++
  if (ends.includes(from.length)) return false
  for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
    const count = ends[digit]
    ends[digit] = sum
    sum += count
  }
  for (const index of from) into[ends[digitOf(kept(msisdn, index), unit)]++] = index
  return true
}

/** Dividing by a power of two is exact, also beyond 32 bits. */
function digitOf(msisdn: number, unit: number): number {
  return Math.floor(msisdn / unit) % DIGITS
}
