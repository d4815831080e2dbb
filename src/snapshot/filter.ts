// One assignment step of k-means over a kd-tree, exact, without visiting every point.
import type { Tree } from './tree.ts'

/** Working memory of the filtering step for up to `k` centroids, and what a step finds. */
export interface Filter {
  tree: Tree
  counts: Float64Array
  sums: Float64Array
  candidates: Uint16Array
  pending: Uint32Array
  /** Sum of squared distances of all points to their nearest centroid. */
  inertia: number
}

/** Makes the working memory once for many steps. */
export function createFilter(tree: Tree, k: number): Filter {
  return {
    tree,
    counts: new Float64Array(k),
    sums: new Float64Array(k * tree.dimensions),
    candidates: new Uint16Array(k * (tree.depth + 3)),
    pending: new Uint32Array(3 * (2 * tree.depth + 4)),
    inertia: 0,
  }
}

/**
 * Assigns every point to its nearest centroid; leaves counts, sums and inertia in the filter.
 * Kanungo et al., "An Efficient k-Means Clustering Algorithm: Analysis and Implementation", IEEE
 * TPAMI 24 (2002): going down the tree, a centroid that some other beats everywhere in a node's
 * box is dropped for the whole subtree; a node with one centroid left counts as a whole.
 * A node whose scatter is at most `coarse` is not opened but counted at its mean (-1: never).
 */
export function filterStep(
  filter: Filter,
  centroids: Float64Array,
  k: number,
  coarse: number,
): void {
  const { tree, counts, sums, candidates, pending } = filter
  const { dimensions: d, mean, right, start, end, scatter } = tree
  counts.fill(0)
  sums.fill(0)
  let inertia = 0
  for (let c = 0; c < k; c++) candidates[c] = c
  let top = 0
  pending[0] = 0
  pending[1] = 0
  pending[2] = k
  top = 3
  while (top > 0) {
    const length = pending[--top]
    const list = pending[--top]
    const node = pending[--top]
    const count = end[node] - start[node]
    // nearest to the mean
    let nearest = candidates[list]
    let least = Infinity
    for (let i = list; i < list + length; i++) {
      const c = candidates[i]
      let distance = 0
      for (let a = 0; a < d; a++) {
        const off = mean[node * d + a] - centroids[c * d + a]
        distance += off * off
      }
      if (distance < least) {
        least = distance
        nearest = c
      }
    }
    let kept = list + length
    let left = 1
    if (length > 1 && scatter[node] > coarse) {
      kept = list + length
      candidates[kept] = nearest
      left = prune(filter, centroids, node, list, length, nearest)
    }
    if (left === 1) {
      counts[nearest] += count
      for (let a = 0; a < d; a++) sums[nearest * d + a] += count * mean[node * d + a]
      inertia += scatter[node] + count * least
    } else if (right[node] === 0) {
      inertia += assignLeaf(filter, centroids, node, kept, left)
    } else {
      pending[top++] = right[node]
      pending[top++] = kept
      pending[top++] = left
      pending[top++] = node + 1
      pending[top++] = kept
      pending[top++] = left
    }
  }
  filter.inertia = inertia
}

/** Copies the candidates that may own a point of the node's box behind the list; how many. */
function prune(
  filter: Filter,
  centroids: Float64Array,
  node: number,
  list: number,
  length: number,
  nearest: number,
): number {
  const { tree, candidates } = filter
  const { dimensions: d, box } = tree
  const lower = 2 * node * d
  let kept = list + length
  for (let i = list; i < list + length; i++) {
    const c = candidates[i]
    if (c !== nearest) {
      // |c - v|² - |nearest - v|² at the corner v of the box that favours c the most.
      let behind = 0
      for (let a = 0; a < d; a++) {
        const there = centroids[c * d + a]
        const here = centroids[nearest * d + a]
        const corner = box[there > here ? lower + d + a : lower + a]
        behind += (there - here) * (there + here - 2 * corner)
      }
      if (behind >= 0) continue
    }
    candidates[kept++] = c
  }
  return kept - list - length
}

function assignLeaf(
  filter: Filter,
  centroids: Float64Array,
  node: number,
  list: number,
  length: number,
): number {
  const { tree, candidates, counts, sums } = filter
  const { dimensions: d, points } = tree
  let inertia = 0
  for (let at = tree.start[node] * d; at < tree.end[node] * d; at += d) {
    let nearest = 0
    let least = Infinity
    for (let i = list; i < list + length; i++) {
      const c = candidates[i]
      let distance = 0
      for (let a = 0; a < d; a++) {
        const off = points[at + a] - centroids[c * d + a]
        distance += off * off
      }
      if (distance < least) {
        least = distance
        nearest = c
      }
    }
    counts[nearest]++
    for (let a = 0; a < d; a++) sums[nearest * d + a] += points[at + a]
    inertia += least
  }
  return inertia
}
