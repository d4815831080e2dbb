// Bringing features of different units to one scale, so that distances mean something.
import { quantilesOf } from './quantile.ts'
import type { Scaling } from './schema.ts'

/** A value becomes (value - offset) × factor. A feature with factor 0 says nothing: it is 0. */
export interface Scale {
  offset: number
  factor: number
}

/**
 * How one feature is scaled, from its values in canonical order.
 * min-max: the smallest becomes 0, the largest 1. z-score: mean 0, standard deviation (of the
 * whole, not of a sample) 1. robust: median 0, distance of the quartiles 1; where the quartiles
 * are equal the range takes their place, so that a feature most subscribers share still counts.
 * A constant feature gets factor 0.
 */
export function fitScale(values: Float64Array, scaling: Scaling): Scale {
  let min = Infinity
  let max = -Infinity
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  // Covers no values too. Were equal values left to the formulas, rounding could make them differ.
  if (!(max > min)) return { offset: values.length === 0 ? 0 : min, factor: 0 }
  switch (scaling) {
    case 'min-max':
      return { offset: min, factor: 1 / (max - min) }
    case 'z-score':
      return zScore(values)
    case 'robust': {
      const [lower, median, upper] = quantilesOf(values, [25, 50, 75])
      return { offset: median, factor: 1 / (upper > lower ? upper - lower : max - min) }
    }
  }
}

function zScore(values: Float64Array): Scale {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  const deviation = Math.sqrt(squares / values.length)
  return { offset: mean, factor: deviation > 0 ? 1 / deviation : 0 }
}

/** A value in scaled space. */
export function scaled(value: number, scale: Scale): number {
  return (value - scale.offset) * scale.factor
}

/** The value that `scaled` came from; the constant itself for a constant feature. */
export function unscaled(value: number, scale: Scale): number {
  return scale.factor === 0 ? scale.offset : value / scale.factor + scale.offset
}
