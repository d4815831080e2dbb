// Exact quantiles of many numbers without sorting them all.
import { FLOAT_BINS, floatBin, wordsOf } from './floatbins.ts'

/**
 * Quantiles by nearest rank, exact: for p per cent of n values the value at rank ceil(p n / 100),
 * at least 1. `values` must be 0 or more and no NaN; they stay as they are; none give zeros.
 * One pass counts values by their leading bits, which tells the bin of each rank; a second
 * collects those bins, and only they are sorted.
 */
export function quantilesOf(values: Float64Array, percents: readonly number[]): number[] {
  if (values.length === 0) return percents.map(() => 0)
  const counts = countBins(values)
  const places = ranksOf(values.length, percents).map((rank) => placeOf(counts, rank))
  const sorted = collect(values, counts, new Set(places.map(({ bin }) => bin)))
  return places.map(({ bin, rank }) => sorted.get(bin)![rank - 1])
}

/** Nearest ranks, from 1 on. The product is a whole number, so the quotient is rounded once. */
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
  // Which of the collected a bin is, counted from 1 on; 0 for the bins that nobody wants.
  const place = new Uint8Array(FLOAT_BINS)
  for (const [at, bin] of [...wanted].entries()) place[bin] = at + 1
  for (let at = 0; at < values.length; at++) {
    const each = place[floatBin(words, at)]
    if (each > 0) collected[each - 1][filled[each - 1]++] = values[at]
  }
  return new Map(Array.from(wanted, (bin, at) => [bin, collected[at].sort()]))
}
