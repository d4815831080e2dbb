// Features of all subscribers: as columns, and as the scaled matrix that k-means works on.
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

/** A feature of all subscribers, in the order of the scan: 8 bytes a subscriber. */
export function featureColumn(scan: Scan, feature: Feature): Float64Array {
  const { sessions, durationMs, downlinkBytes, uplinkBytes } = scan.columns
  const column = new Float64Array(scan.subscribers)
  if (feature === 'trafficBytes') fill(column, downlinkBytes, uplinkBytes, sum)
  else if (feature === 'meanSessionDurationMs') fill(column, durationMs, sessions, meanSession)
  else {
    for (const [at, block] of scan.columns[feature].entries()) {
      const from = at * block.length
      column.set(block.subarray(0, column.length - from), from)
    }
  }
  return column
}

/** Milliseconds a session, 0 for a subscriber without one. */
export function meanSession(durationMs: number, sessions: number): number {
  return sessions > 0 ? durationMs / sessions : 0
}

function sum(a: number, b: number): number {
  return a + b
}

function fill(
  column: Float64Array,
  first: readonly Float64Array[],
  second: readonly Float64Array[],
  combine: (a: number, b: number) => number,
): void {
  let at = 0
  for (let block = 0; block < first.length; block++) {
    const a = first[block]
    const b = second[block]
    for (let row = 0; row < a.length && at < column.length; row++) {
      column[at++] = combine(a[row], b[row])
    }
  }
}
