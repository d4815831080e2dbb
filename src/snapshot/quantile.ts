// Exact quantiles of many numbers without sorting all of them, by bins of their leading bits.

// Float64 numbers of 0 or more sort like their bits. A bin is the upper word without its lowest bits:
// the exponent and 4 bits of the mantissa.
const SHIFT = 16

/** The number of bins for numbers of 0 or more. */
export const FLOAT_BINS = 1 << 15

/** The place of the upper half of a float64 among its two 32-bit words on this machine. */
const UPPER = new Uint32Array(new Float64Array([1]).buffer)[0] === 0 ? 1 : 0

/** The 32-bit words of `values`, in the same memory. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
}

/** The bin of value `at`, which must be 0 or more (-0 counts as 0), from the words of all values. */
export function floatBin(words: Uint32Array, at: number): number {
  return (words[2 * at + UPPER] & 0x7fffffff) >>> SHIFT
}

/** The number of fine bins for numbers of 0 or more. */
export const FINE_BINS = 1 << 17

/** As `floatBin`, with 2 more bits of the mantissa. */
export function fineBin(words: Uint32Array, at: number): number {
  return (words[2 * at + UPPER] & 0x7fffffff) >>> (SHIFT - 2)
}

/** The smallest number of each bin, ascending. */
export function lowestOfBins(): Float64Array {
  const lowest = new Float64Array(FLOAT_BINS)
  const words = wordsOf(lowest)
  for (let bin = 0; bin < FLOAT_BINS; bin++) words[2 * bin + UPPER] = bin << SHIFT
  return lowest
}

/**
 * Exact quantiles by nearest rank: for p per cent of n values the value at rank ceil(p n / 100), at
 * least 1. `values` must be 0 or more and not NaN, and are not changed; without values all quantiles
 * are 0. One pass counts the values of each bin, which gives the bin of each rank; a second pass
 * collects the values of these bins, and only they are sorted.
 */
export function quantilesOf(values: Float64Array, percents: readonly number[]): number[] {
  if (values.length === 0) return percents.map(() => 0)
  const counts = countBins(values)
  const places = ranksOf(values.length, percents).map((rank) => placeOf(counts, rank))
  const sorted = collect(values, counts, new Set(places.map(({ bin }) => bin)))
  return places.map(({ bin, rank }) => sorted.get(bin)![rank - 1])
}

/** Nearest ranks from 1. The product is a whole number, so the quotient is rounded once. */
function ranksOf(length: number, percents: readonly number[]): number[] {
  return percents.map((percent) => Math.max(1, Math.ceil((percent * length) / 100)))
}

function countBins(values: Float64Array): Uint32Array {
  const words = wordsOf(values)
  const counts = new Uint32Array(FLOAT_BINS)
  for (let at = 0; at < values.length; at++) counts[floatBin(words, at)]++
  return counts
}

/** The bin that holds a rank, and the rank inside it. */
function placeOf(counts: Uint32Array, rank: number): { bin: number; rank: number } {
  let below = 0
  let bin = 0
  while (below + counts[bin] < rank) below += counts[bin++]
  return { bin, rank: rank - below }
}

/** The values of the wanted bins, sorted. */
function collect(
  values: Float64Array,
  counts: Uint32Array,
  wanted: ReadonlySet<number>,
): Map<number, Float64Array> {
  const words = wordsOf(values)
  const collected = Array.from(wanted, (bin) => new Float64Array(counts[bin]))
  const filled = new Uint32Array(collected.length)
  // By bin: 1 + its place among the collected ones, 0 for other bins.
  const place = new Uint8Array(FLOAT_BINS)
  for (const [at, bin] of [...wanted].entries()) place[bin] = at + 1
  for (let at = 0; at < values.length; at++) {
    const each = place[floatBin(words, at)]
    if (each > 0) collected[each - 1][filled[each - 1]++] = values[at]
  }
  return new Map(Array.from(wanted, (bin, at) => [bin, collected[at].sort()]))
}
