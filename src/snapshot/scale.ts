// Scales features of different units, so that distances are meaningful.
import { quantilesOf } from './quantile.ts'
import type { Scaling } from './schema.ts'

/** A value is scaled to (value - offset) × factor; a constant feature has factor 0. */
export interface Scale {
  offset: number
  factor: number
}

/**
 * The scale of a feature, from its values in canonical order. min-max: the smallest becomes 0, the
 * largest 1. z-score: mean 0, standard deviation (of the population) 1. robust: median 0, distance of
 * the quartiles 1; when the quartiles are equal their range is replaced by that of all values, so that
 * a feature which is equal for most subscribers still counts. A constant feature gets factor 0.
 */
export function fitScale(values: Float64Array, scaling: Scaling): Scale {
  let min = Infinity
  let max = -Infinity
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  // Also without values. Equal values must not differ by the rounding of the formulas below.
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

/** The inverse of `scaled`; for a constant feature the constant. */
export function unscaled(value: number, scale: Scale): number {
  return scale.factor === 0 ? scale.offset : value / scale.factor + scale.offset
}
