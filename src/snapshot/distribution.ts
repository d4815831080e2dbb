// How one metric is spread over the subscribers.
import { linearHistogram, logHistogram } from './histogram.ts'
import { quantilesOf } from './quantile.ts'
import type { Distribution } from './schema.ts'

/**
 * Extremes, quantiles and histograms of `values` (0 or more, any order), with the mean from their
 * exact `total`. Without values all is zero and the histograms have no bins.
 */
export function distributionOf(values: Float64Array, total: number): Distribution {
  const count = values.length
  let min = count === 0 ? 0 : Infinity
  let max = 0
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  const [p01, p10, p25, p50, p75, p90, p99] = quantilesOf(values, [1, 10, 25, 50, 75, 90, 99])
  return {
    min,
    max,
    mean: count === 0 ? 0 : total / count,
    quantiles: { p01, p10, p25, p50, p75, p90, p99 },
    linear: linearHistogram(values, min, max),
    log: logHistogram(values, max),
  }
}
