// The distribution of one metric over the subscribers: extremes, quantiles, histograms.
import { FLOAT_BINS, floatBin, lowestOfBins, quantilesOf, wordsOf } from './quantile.ts'
import { QUANTILES } from './metrics.ts'
import type { Distribution } from './schema.ts'

const PERCENTS = QUANTILES.map((name) => Number(name.slice(1)))

/**
 * Extremes, quantiles and histograms of `values` (0 or more, in any order), with the mean from their
 * exact `total`. Without values all numbers are 0 and the histograms have no bins.
 */
export function distributionOf(values: Float64Array, total: number): Distribution {
  const count = values.length
  let min = count === 0 ? 0 : Infinity
  let max = 0
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  const found = quantilesOf(values, PERCENTS)
  return {
    min,
    max,
    mean: count === 0 ? 0 : total / count,
    quantiles: Object.fromEntries(
      QUANTILES.map((name, at) => [name, found[at]]),
    ) as Distribution['quantiles'],
    linear: linearHistogram(values, min, max),
    log: logHistogram(values, max),
  }
}

type Histogram = Distribution['linear']

/** Bins of the linear histogram. */
const LINEAR_BINS = 30

/**
 * 30 bins of equal width from the smallest to the largest value; the last bin includes the largest.
 * When all values are equal the bins are 1 wide. Without values: one edge, no bins.
 */
export function linearHistogram(values: Float64Array, min: number, max: number): Histogram {
  if (values.length === 0) return { edges: [0], counts: [] }
  const width = (max > min ? max - min : LINEAR_BINS) / LINEAR_BINS
  const edges = Array.from({ length: LINEAR_BINS + 1 }, (_, at) => min + at * width)
  if (max > min) edges[LINEAR_BINS] = max
  return { edges, counts: countBetween(values, edges) }
}

/**
 * A bin for 0, then bins in steps of 1, 2, 5 times powers of ten. The upper edge of the first bin is
 * the largest step that is not above a positive value. Without values: one edge, no bins.
 */
export function logHistogram(values: Float64Array, max: number): Histogram {
  if (values.length === 0) return { edges: [0], counts: [] }
  let smallest = Infinity
  for (const value of values) if (value > 0 && value < smallest) smallest = value
  const edges = [0]
  if (max === 0) edges.push(1)
  else for (const step of stepsAround(smallest, max)) edges.push(step)
  return { edges, counts: countBetween(values, edges) }
}

/** The steps from the last at or below `smallest` to the first above `largest`. */
function stepsAround(smallest: number, largest: number): number[] {
  const steps: number[] = []
  const first = Math.floor(Math.log10(smallest)) - 1
  for (let power = first; ; power++) {
    for (const mantissa of [1, 2, 5]) {
      // Through text, because 10 ** -3 * 2 is not the number nearest to 0.002.
      const step = Number(`${mantissa}e${power}`)
      if (step <= smallest) steps.length = 0
      steps.push(step)
      if (step > largest) return steps
    }
  }
}

/**
 * The values of each bin: lower edge <= value < upper edge; a value at the last edge counts in the
 * last bin. The leading bits of a value limit its bin to a few, which a binary search decides.
 */
function countBetween(values: Float64Array, edges: readonly number[]): number[] {
  const bounds = Float64Array.from(edges)
  const bins = bounds.length - 1
  const first = firstBins(bounds)
  const words = wordsOf(values)
  const counts = new Float64Array(bins)
  for (let at = 0; at < values.length; at++) {
    const value = values[at]
    const narrow = floatBin(words, at)
    let low = first[narrow]
    let high = first[narrow + 1] + 1
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (value >= bounds[middle]) low = middle
      else high = middle
    }
    counts[low]++
  }
  return Array.from(counts)
}

/** By bin of floats: the histogram's bin of its smallest number; then the last bin. */
function firstBins(bounds: Float64Array): Uint16Array {
  const last = bounds.length - 2
  const first = new Uint16Array(FLOAT_BINS + 1).fill(last)
  let bin = 0
  for (const [narrow, lowest] of lowestOfBins().entries()) {
    while (bin < last && lowest >= bounds[bin + 1]) bin++
    first[narrow] = bin
  }
  return first
}
