// The canonical order of subscribers: by MSISDN, for any order of their rows.
import { kept, type KeptColumns } from './scan.ts'

/** The bits that one pass sorts by, and the number of their values. */
const DIGIT_BITS = 10
const DIGITS = 1 << DIGIT_BITS

/** An MSISDN has up to 15 decimal digits: 50 bits, which are sorted as two words of 25. */
const WORD_BITS = 25
const WORD = 1 << WORD_BITS

/**
 * Indexes into the scan by ascending MSISDN: a radix sort with the least significant digit first
 * (Knuth, The Art of Computer Programming 3, section 5.2.5), stable and without comparisons. Rows
 * that are in order are recognised, and digits that are all equal are skipped.
 */
export function orderByMsisdn(scan: KeptColumns): Uint32Array {
  const msisdn = scan.columns.msisdn
  let order = new Uint32Array(scan.subscribers)
  for (let at = 0; at < order.length; at++) order[at] = at
  if (isSorted(msisdn, order.length)) return order
  let spare = new Uint32Array(order.length)
  const words = new Uint32Array(order.length)
  for (const unit of [1, WORD]) {
    for (let at = 0; at < words.length; at++) words[at] = Math.floor(kept(msisdn, at) / unit) % WORD
    for (let shift = 0; shift < WORD_BITS; shift += DIGIT_BITS) {
      if (!sortByDigit(words, shift, order, spare)) continue
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

/** A stable counting sort by one digit, from `from` into `into`; false when all are equal. */
function sortByDigit(
  words: Uint32Array,
  shift: number,
  from: Uint32Array,
  into: Uint32Array,
): boolean {
  const ends = new Uint32Array(DIGITS)
  for (let at = 0; at < words.length; at++) ends[(words[at] >>> shift) & (DIGITS - 1)]++
  if (ends.includes(words.length)) return false
  for (let digit = 0, sum = 0; digit < DIGITS; digit++) {
    const count = ends[digit]
    ends[digit] = sum
    sum += count
  }
  for (let at = 0; at < from.length; at++) {
    const index = from[at]
    into[ends[(words[index] >>> shift) & (DIGITS - 1)]++] = index
  }
  return true
}
