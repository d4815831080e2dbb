// Exact quantiles of many numbers without sorting them all.

/** A bin is the upper half of a float64 without its lowest bits: sign, exponent, 4 of mantissa. */
const SHIFT = 16
const BINS = 1 << 15

/** Where the upper half of a float64 lies among its two 32-bit words on this machine. */
const UPPER = new Uint32Array(new Float64Array([1]).buffer)[0] === 0 ? 1 : 0

/**
 * Quantiles by nearest rank, exact: for p per cent of n values the value at rank ceil(p n / 100),
 * at least 1. `values` must be 0 or more and no NaN; they stay as they are; none give zeros.
 * The bits of floats from 0 on sort like the floats, so one pass counts values by their upper
 * bits, which tells the bin of each rank, and a second collects and sorts those bins alone.
 */
export function quantilesOf(values: Float64Array, percents: readonly number[]): number[] {
  if (values.length === 0) return percents.map(() => 0)
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length)
  const counts = countBins(words)
  return ranksOf(values.length, percents).map((rank) => {
    let below = 0
    let bin = 0
    while (below + counts[bin] < rank) below += counts[bin++]
    return selectInBin(values, words, bin, counts[bin], rank - below)
  })
}

/** Nearest ranks, from 1 on. The product is a whole number, so the quotient is rounded once. */
function ranksOf(length: number, percents: readonly number[]): number[] {
  return percents.map((percent) => Math.max(1, Math.ceil((percent * length) / 100)))
}

function countBins(words: Uint32Array): Uint32Array {
  const counts = new Uint32Array(BINS)
  for (let at = UPPER; at < words.length; at += 2) counts[(words[at] & 0x7fffffff) >>> SHIFT]++
  return counts
}

/** The value at `rank` (from 1 on) among those of a bin. */
function selectInBin(
  values: Float64Array,
  words: Uint32Array,
  bin: number,
  count: number,
  rank: number,
): number {
  const inBin = new Float64Array(count)
  let found = 0
  for (let at = 0; found < count; at++) {
    if ((words[2 * at + UPPER] & 0x7fffffff) >>> SHIFT === bin) inBin[found++] = values[at]
  }
  return inBin.sort()[rank - 1]
}
