// Bins of float64 numbers by their leading bits: they sort like the numbers, without comparing.

/** A bin is the upper word without its lowest bits: exponent and 4 bits of mantissa remain. */
const SHIFT = 16

/** How many bins there are for numbers of 0 or more. */
export const FLOAT_BINS = 1 << 15

/** Where the upper half of a float64 lies among its two 32-bit words on this machine. */
const UPPER = new Uint32Array(new Float64Array([1]).buffer)[0] === 0 ? 1 : 0

/** The 32-bit words of `values`, sharing their memory. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
}

/** The bin of value `at`, which must be 0 or more (-0 counts as 0), from the words of all. */
export function floatBin(words: Uint32Array, at: number): number {
  return (words[2 * at + UPPER] & 0x7fffffff) >>> SHIFT
}

/** The smallest number of each bin, ascending. */
export function lowestOfBins(): Float64Array {
  const lowest = new Float64Array(FLOAT_BINS)
  const words = wordsOf(lowest)
  for (let bin = 0; bin < FLOAT_BINS; bin++) words[2 * bin + UPPER] = bin << SHIFT
  return lowest
}
