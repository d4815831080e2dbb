// The features of all subscribers: as columns, and as the matrix of scaled points for k-means.
import { featureRow, ratioOf, type Feature, type KeptField } from './metrics.ts'
import { fitScale, scaled, type Scale } from './scale.ts'
import type { KeptColumns, Scan } from './scan.ts'
import type { Scaling } from './schema.ts'

/** Scaled points one after the other, a number per feature each, and the scale of each feature. */
export interface FeatureMatrix {
  points: Float64Array
  scales: Scale[]
}

/** The points of all subscribers, in the order of `order`, which holds indexes into the scan. */
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

/** A feature of all subscribers in the order of the scan, 8 bytes per subscriber. */
export function featureColumn(all: KeptColumns, feature: Feature): Float64Array {
  const { fields, per } = featureRow(feature)
  const values = sumOf(all, fields)
  if (per.length === 0) return values
  const below = sumOf(all, per)
  for (let at = 0; at < values.length; at++) values[at] = ratioOf(values[at], below[at])
  return values
}

function sumOf({ subscribers, columns }: KeptColumns, fields: readonly KeptField[]): Float64Array {
  const sums = new Float64Array(subscribers)
  for (const field of fields) addColumn(sums, columns[field])
  return sums
}

function addColumn(sums: Float64Array, blocks: readonly Float64Array[]): void {
  let at = 0
  for (const block of blocks) {
    const length = Math.min(block.length, sums.length - at)
    for (let row = 0; row < length; row++) sums[at + row] += block[row]
    at += length
  }
}
