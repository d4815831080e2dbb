// The last stage of k-means: plain passes over all points until the result is a fixed point.
import { squaredDistance } from './distance.ts'

/** A fixed point: `labels[i]` is the nearest centroid of point i, and each centroid a mean. */
export interface Settled {
  labels: Uint16Array
  counts: Float64Array
  /** Sum of squared distances of all points to their centroid. */
  inertia: number
  passes: number
}

/** The share of a squared distance by which a centroid must be nearer to take over a point. */
const MARGIN = 1e-12

/** Before the first pass a point has no centroid. */
const NONE = 0xffff

/**
 * Assigns each point to its nearest centroid and moves each centroid to the mean of its points
 * until no point changes its centroid; moves `centroids` (k rows) in place. Without tree and bounds it
 * proves the result of the tree, and continues where rounding in the tree hid a point that can move.
 *
 * It ends: a point changes its centroid only when that lowers its squared distance by a share of
 * MARGIN, thousands of times more than rounding of the means can add, so the inertia falls with every
 * pass that moves a point and no assignment repeats. A centroid without points is moved to the point
 * farthest from its own centroid, which lowers the inertia as well. Points without a dimension are
 * equal, and only `count` has their number.
 */
export function settle(
  points: Float64Array,
  dimensions: number,
  centroids: Float64Array,
  k: number,
  count = points.length / dimensions,
): Settled {
  const labels = new Uint16Array(count).fill(NONE)
  const counts = new Float64Array(k)
  const offsets = new Float64Array(k * dimensions)
  for (let passes = 1, still = 0; ; passes++) {
    counts.fill(0)
    offsets.fill(0)
    const pass = { moved: 0, inertia: 0, farthest: 0 }
    assignAll(points, dimensions, centroids, k, labels, counts, offsets, pass)
    still = pass.moved === 0 ? still + 1 : 0
    // The first pass that moves no point still removes rounding from the centroids.
    if (still === 2) return { labels, counts, inertia: pass.inertia, passes }
    for (let c = 0; c < k; c++) {
      if (counts[c] === 0) continue
      for (let axis = 0; axis < dimensions; axis++) {
        centroids[c * dimensions + axis] += offsets[c * dimensions + axis] / counts[c]
      }
    }
    const empty = counts.indexOf(0)
    if (empty >= 0) {
      const at = pass.farthest * dimensions
      centroids.set(points.subarray(at, at + dimensions), empty * dimensions)
    }
  }
}

function assignAll(
  points: Float64Array,
  dimensions: number,
  centroids: Float64Array,
  k: number,
  labels: Uint16Array,
  counts: Float64Array,
  offsets: Float64Array,
  pass: { moved: number; inertia: number; farthest: number },
): void {
  let inertia = 0
  let moved = 0
  let most = -1
  for (let point = 0, at = 0; point < labels.length; point++, at += dimensions) {
    const label = labels[point]
    let nearest = label
    let least = Infinity
    let own = Infinity
    for (let c = 0, row = 0; c < k; c++, row += dimensions) {
      const distance = squaredDistance(points, at, centroids, row, dimensions)
      if (c === label) own = distance
      if (distance < least) {
        least = distance
        nearest = c
      }
    }
    if (nearest !== label) {
      if (label !== NONE && least >= own * (1 - MARGIN)) {
        nearest = label
        least = own
      } else {
        labels[point] = nearest
        moved++
      }
    }
    counts[nearest]++
    for (let axis = 0; axis < dimensions; axis++) {
      const here = nearest * dimensions + axis
      offsets[here] += points[at + axis] - centroids[here]
    }
    inertia += least
    if (least > most) {
      most = least
      pass.farthest = point
    }
  }
  pass.inertia = inertia
  pass.moved = moved
}
