// The starts of k-means: centroids drawn far apart from the sketch.
import type { Random } from '../../random.ts'
import { squaredDistance } from './distance.ts'
import type { Sketch } from './sketch.ts'

/**
 * Adds centroids at points of the sketch until there are `k`; the first `from` of `centroids` exist
 * already. Each is drawn with a probability proportional to weight times squared distance to the
 * nearest existing centroid, as the best of several draws: greedy k-means++ (Arthur and
 * Vassilvitskii, SODA 2007, section 5). When all points are centroids, the remaining centroids are
 * left unchanged.
 */
export function addCentroids(
  sketch: Sketch,
  dimensions: number,
  centroids: Float64Array,
  from: number,
  k: number,
  random: Random,
): void {
  const { count, points, weights } = sketch
  const nearest = new Float64Array(count).fill(Infinity)
  for (let c = 0; c < from; c++) lower(nearest, points, centroids, c, dimensions)
  const draws = 2 + Math.floor(Math.log(k))
  for (let c = from; c < k; c++) {
    const total = c === 0 ? totalWeight(weights) : potential(nearest, weights)
    if (!(total > 0)) return
    let best = -1
    let least = Infinity
    for (let draw = 0; draw < draws; draw++) {
      const point = pick(c === 0 ? null : nearest, weights, random() * total)
      const left = potentialWith(nearest, weights, points, point, dimensions)
      if (left < least) {
        least = left
        best = point
      }
    }
    centroids.set(points.subarray(best * dimensions, (best + 1) * dimensions), c * dimensions)
    lower(nearest, points, centroids, c, dimensions)
  }
}

function totalWeight(weights: Float64Array): number {
  let sum = 0
  for (const weight of weights) sum += weight
  return sum
}

function potential(nearest: Float64Array, weights: Float64Array): number {
  let sum = 0
  for (let at = 0; at < weights.length; at++) sum += weights[at] * nearest[at]
  return sum
}

/** The potential with `point` as an additional centroid. */
function potentialWith(
  nearest: Float64Array,
  weights: Float64Array,
  points: Float64Array,
  point: number,
  dimensions: number,
): number {
  let sum = 0
  for (let at = 0; at < weights.length; at++) {
    const distance = squaredDistance(
      points,
      at * dimensions,
      points,
      point * dimensions,
      dimensions,
    )
    sum += weights[at] * (distance < nearest[at] ? distance : nearest[at])
  }
  return sum
}

/** The first point at which the running sum of probabilities exceeds `target`. */
function pick(nearest: Float64Array | null, weights: Float64Array, target: number): number {
  let sum = 0
  let last = 0
  for (let at = 0; at < weights.length; at++) {
    const chance = nearest === null ? weights[at] : weights[at] * nearest[at]
    if (chance === 0) continue
    sum += chance
    last = at
    if (sum > target) break
  }
  return last
}

/** Updates the distances with centroid `c`. */
function lower(
  nearest: Float64Array,
  points: Float64Array,
  centroids: Float64Array,
  c: number,
  dimensions: number,
): void {
  for (let at = 0; at < nearest.length; at++) {
    const distance = squaredDistance(points, at * dimensions, centroids, c * dimensions, dimensions)
    if (distance < nearest[at]) nearest[at] = distance
  }
}
