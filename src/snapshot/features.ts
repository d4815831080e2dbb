// The matrix k-means works on: the chosen features of every subscriber in scaled space.
import { featureColumn } from './metric.ts'
import { fitScale, scaled, type Scale } from './scale.ts'
import type { Scan } from './scan.ts'
import type { Feature, Scaling } from './schema.ts'

/** Scaled points row by row, as many numbers a point as there are features, and how they came. */
export interface FeatureMatrix {
  points: Float64Array
  scales: Scale[]
}

/** Points in the order of `order` (indexes into the scan), one feature after the other. */
export function featureMatrix(
  scan: Scan,
  order: Uint32Array,
  features: readonly Feature[],
  scaling: Scaling,
): FeatureMatrix {
  const points = new Float64Array(order.length * features.length)
  const ordered = new Float64Array(order.length)
  const scales = features.map((feature, axis) => {
    const values = featureColumn(scan, feature)
    for (let at = 0; at < order.length; at++) ordered[at] = values[order[at]]
    const scale = fitScale(ordered, scaling)
    for (let at = 0; at < order.length; at++) {
      points[at * features.length + axis] = scaled(ordered[at], scale)
    }
    return scale
  })
  return { points, scales }
}
