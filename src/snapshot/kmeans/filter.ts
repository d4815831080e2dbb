// One exact assignment step of k-means over a kd-tree that does not visit every point.
import { squaredDistance } from './distance.ts'
import { COUNT, MEAN, SCATTER, strideOf, type Tree } from './tree.ts'

/** Memory and results of a filtering step. */
export interface Filter {
  tree: Tree
  /** Points per centroid, and the sum of their differences from it, d numbers each. */
  counts: Float64Array
  offsets: Float64Array
  /** Sum of squared distances of all points to their nearest centroid. */
  inertia: number
  /** Lists of centroids that may own points of a node, one after the other. */
  candidates: Uint16Array
  /** Nodes to visit: node, start of its list, length of its list. */
  pending: Uint32Array
}

/** The memory for any number of steps with up to `k` centroids. */
export function createFilter(tree: Tree, k: number): Filter {
  return {
    tree,
    counts: new Float64Array(k),
    offsets: new Float64Array(k * tree.dimensions),
    inertia: 0,
    candidates: new Uint16Array(k * (tree.depth + 3)),
    pending: new Uint32Array(3 * (tree.depth + 3)),
  }
}

/**
 * Assigns every point to its nearest centroid; counts, offsets and inertia are in the filter
 * afterwards. Kanungo et al., "An Efficient k-Means Clustering Algorithm: Analysis and
 * Implementation", IEEE TPAMI 24 (2002): on the way down the tree, a centroid that is farther than
 * another one everywhere in a node's box is dropped for the whole subtree; a node with one remaining
 * centroid is counted as a whole. A node whose scatter is at most `coarse` is counted at its mean;
 * with 0 these are nodes of equal points, and the step is exact.
 */
export function filterStep(
  filter: Filter,
  centroids: Float64Array,
  k: number,
  coarse: number,
): void {
  const { tree, candidates, pending } = filter
  const { right, shape } = tree
  const stride = strideOf(tree.dimensions)
  filter.counts.fill(0)
  filter.offsets.fill(0)
  filter.inertia = 0
  if (tree.nodes === 0) return
  for (let c = 0; c < k; c++) candidates[c] = c
  pending[2] = k
  pending.fill(0, 0, 2)
  let top = 3
  while (top > 0) {
    const length = pending[--top]
    const list = pending[--top]
    const node = pending[--top]
    const nearest = nearestToMean(filter, centroids, node * stride, list, length)
    const kept = list + length
    const left =
      shape[node * stride + SCATTER] > coarse
        ? prune(filter, centroids, node * stride, list, kept, nearest)
        : 1
    if (left === 1) {
      takeNode(filter, centroids, node * stride, nearest)
    } else if (right[node] === 0) {
      takePoints(filter, centroids, node, kept, left)
    } else {
      pending[top++] = right[node]
      pending[top++] = kept
      pending[top++] = left
      pending[top++] = node + 1
      pending[top++] = kept
      pending[top++] = left
    }
  }
}

function nearestToMean(
  { tree, candidates }: Filter,
  centroids: Float64Array,
  base: number,
  list: number,
  length: number,
): number {
  const { dimensions, shape } = tree
  let nearest = candidates[list]
  let least = Infinity
  for (let at = list; at < list + length; at++) {
    const c = candidates[at]
    const distance = squaredDistance(shape, base + MEAN, centroids, c * dimensions, dimensions)
    if (distance < least) {
      least = distance
      nearest = c
    }
  }
  return nearest
}

/**
 * Copies the candidates that may own a point of a node's box from the list `list` to `kept` behind
 * the list; returns their number. The node's numbers in `shape` start at `base`.
 */
function prune(
  { tree, candidates }: Filter,
  centroids: Float64Array,
  base: number,
  list: number,
  kept: number,
  nearest: number,
): number {
  const { dimensions, shape } = tree
  const here = nearest * dimensions
  const lower = base + MEAN + dimensions
  let end = kept
  for (let at = list; at < kept; at++) {
    const c = candidates[at]
    if (c === nearest || reaches(centroids, c * dimensions, here, shape, lower, dimensions)) {
      candidates[end++] = c
    }
  }
  return end - kept
}

/** Whether the centroid at `there` is nearer than the one at `here` to any point of the box. */
function reaches(
  centroids: Float64Array,
  there: number,
  here: number,
  shape: Float64Array,
  lower: number,
  dimensions: number,
): boolean {
  // |there - v|² - |here - v|² at the corner v of the box that favours `there` the most.
  let behind = 0
  for (let axis = 0; axis < dimensions; axis++) {
    const a = centroids[there + axis]
    const b = centroids[here + axis]
    const corner = shape[a > b ? lower + dimensions + axis : lower + axis]
    behind += (a - b) * (a - corner + (b - corner))
  }
  return behind < 0
}

/** Counts all points of a node for one centroid. */
function takeNode(filter: Filter, centroids: Float64Array, base: number, c: number): void {
  const { counts, offsets } = filter
  const { dimensions, shape } = filter.tree
  const count = shape[base + COUNT]
  let distance = 0
  for (let axis = 0; axis < dimensions; axis++) {
    const off = shape[base + MEAN + axis] - centroids[c * dimensions + axis]
    offsets[c * dimensions + axis] += count * off
    distance += off * off
  }
  counts[c] += count
  filter.inertia += shape[base + SCATTER] + count * distance
}

/** Counts each point of a leaf for its nearest candidate. */
function takePoints(
  filter: Filter,
  centroids: Float64Array,
  node: number,
  list: number,
  length: number,
): void {
  const { tree, candidates, counts, offsets } = filter
  const { dimensions, points } = tree
  const last = tree.end[node] * dimensions
  for (let at = tree.start[node] * dimensions; at < last; at += dimensions) {
    let nearest = 0
    let least = Infinity
    for (let each = list; each < list + length; each++) {
      const row = candidates[each] * dimensions
      const distance = squaredDistance(points, at, centroids, row, dimensions)
      if (distance < least) {
        least = distance
        nearest = row
      }
    }
    counts[nearest / dimensions]++
    for (let axis = 0; axis < dimensions; axis++) {
      offsets[nearest + axis] += points[at + axis] - centroids[nearest + axis]
    }
    filter.inertia += least
  }
}
