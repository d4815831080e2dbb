// The features of all subscribers: as columns, and as the matrix of scaled points for k-means.
import { sharedNumbers } from './kmeans/shared.ts'
import { featureRow, ratioOf, type Feature, type KeptField } from './metrics.ts'
import type { Roster } from './roster.ts'
import { fitScale, scaled, type Scale } from './scale.ts'
import type { Scaling } from './schema.ts'

/** Scaled points one after the other, a number per feature each, in shared memory; and their scales. */
export interface FeatureMatrix {
  points: Float64Array
  scales: Scale[]
}

/** The points of all subscribers of a roster, in its order. */
export function featureMatrix(
  roster: Roster,
  features: readonly Feature[],
  scaling: Scaling,
): FeatureMatrix {
  const width = features.length
  const points = sharedNumbers(roster.subscribers * width)
  const scales = features.map((feature, axis) => {
    const values = featureColumn(roster, feature)
    const scale = fitScale(values, scaling)
    for (let at = 0; at < values.length; at++) points[at * width + axis] = scaled(values[at], scale)
    return scale
  })
  return { points, scales }
}

/** A feature of all subscribers of a roster, 8 bytes each. A column of the roster is not copied. */
export function featureColumn(roster: Roster, feature: Feature): Float64Array {
  const { fields, per } = featureRow(feature)
  const values = sumOf(roster, fields)
  if (per.length === 0) return values
  const below = sumOf(roster, per)
  return values.map((value, at) => ratioOf(value, below[at]))
}

function sumOf({ columns }: Roster, [first, ...more]: readonly KeptField[]): Float64Array {
  if (more.length === 0) return columns[first]
  const sums = columns[first].slice()
  for (const field of more) {
    const column = columns[field]
    for (let at = 0; at < sums.length; at++) sums[at] += column[at]
  }
  return sums
}
