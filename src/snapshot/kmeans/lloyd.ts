// Lloyd's algorithm on a kd-tree, from given centroids to convergence.
import { filterStep, type Filter } from './filter.ts'
import { MEAN } from './tree.ts'

/** The end of a descent; the given centroids are moved in place. */
export interface Descent {
  inertia: number
  iterations: number
}

/** After this number of steps without a smaller inertia only rounding moves the centroids. */
const STALE_STEPS = 20

/** The largest movement, relative to the largest coordinate of an axis, that is rounding. */
const ROUNDING = 1e-14

/**
 * Moves each centroid to the mean of its points until none moves by more than rounding (Lloyd, "Least
 * squares quantization in PCM", IEEE Trans. Inf. Theory 28, 1982). A centroid without points does not
 * move. The descent ends, as each step that changes an assignment lowers the inertia and the number
 * of assignments is finite; steps that differ by rounding alone are ended by the count of stale steps.
 * `coarse`: see filterStep; 0 uses every point. It stops after at most `limit` steps.
 */
export function descend(
  filter: Filter,
  centroids: Float64Array,
  k: number,
  coarse: number,
  limit = Infinity,
): Descent {
  const tolerance = roundingOf(filter)
  let iterations = 0
  let least = Infinity
  let stale = 0
  for (;;) {
    filterStep(filter, centroids, k, coarse)
    iterations++
    stale = filter.inertia < least ? 0 : stale + 1
    if (filter.inertia < least) least = filter.inertia
    if (!moveToMeans(filter, centroids, k, tolerance) || stale >= STALE_STEPS) break
    if (iterations >= limit) break
  }
  return { inertia: filter.inertia, iterations }
}

/** The largest movement on each axis that is rounding. */
function roundingOf(filter: Filter): Float64Array {
  const { dimensions, shape } = filter.tree
  const lower = MEAN + dimensions
  return Float64Array.from({ length: dimensions }, (_, axis) => {
    return (
      ROUNDING * Math.max(Math.abs(shape[lower + axis]), Math.abs(shape[lower + dimensions + axis]))
    )
  })
}

function moveToMeans(
  filter: Filter,
  centroids: Float64Array,
  k: number,
  tolerance: Float64Array,
): boolean {
  const { counts, offsets } = filter
  const { dimensions } = filter.tree
  let moved = false
  for (let c = 0; c < k; c++) {
    if (counts[c] === 0) continue
    for (let axis = 0; axis < dimensions; axis++) {
      const move = offsets[c * dimensions + axis] / counts[c]
      if (Math.abs(move) > tolerance[axis]) moved = true
      centroids[c * dimensions + axis] += move
    }
  }
  return moved
}
