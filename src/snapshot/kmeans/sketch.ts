// The sketch: a small weighted summary of all points, on which many starts are tried.
import { emptyTree, COUNT, MEAN, SCATTER, strideOf, type Tree } from './tree.ts'

/** Weighted points: the means of the tree's nodes at one coarseness, with their numbers of points. */
export interface Sketch {
  /** Nodes whose scatter is at most this represent their points; see filterStep. */
  coarse: number
  /** The upper part of the tree down to these nodes: small enough for the caches. */
  tree: Tree
  count: number
  points: Float64Array
  weights: Float64Array
}

/**
 * A sketch of about `wanted` points, or of all distinct points when there are fewer. Unlike a random
 * sample it keeps every outlier and spreads its error evenly: a node is opened exactly when the
 * squared distances inside it exceed one threshold. The idea is that of BIRCH's CF-tree (Zhang,
 * Ramakrishnan, Livny, SIGMOD 1996).
 */
export function sketchOf(tree: Tree, wanted: number): Sketch {
  const coarse = thresholdFor(tree, wanted)
  const count = sizeAt(tree, coarse)
  const { dimensions } = tree
  const sketch = {
    coarse,
    tree: truncate(tree, coarse, 2 * count),
    count: 0,
    points: new Float64Array(count * dimensions),
    weights: new Float64Array(count),
  }
  const { shape, start, end, right, nodes } = sketch.tree
  for (let node = 0; node < nodes; node++) {
    const at = node * strideOf(dimensions)
    if (shape[at + SCATTER] <= coarse) {
      append(sketch, shape, at + MEAN, shape[at + COUNT], dimensions)
    } else if (right[node] === 0) {
      for (let point = start[node]; point < end[node]; point++) {
        append(sketch, tree.points, point * dimensions, 1, dimensions)
      }
    }
  }
  return sketch
}

function append(
  sketch: Sketch,
  from: Float64Array,
  start: number,
  weight: number,
  dimensions: number,
): void {
  const at = sketch.count++
  for (let axis = 0; axis < dimensions; axis++) {
    sketch.points[at * dimensions + axis] = from[start + axis]
  }
  sketch.weights[at] = weight
}

/** A copy of the nodes from the root down to those whose scatter is at most `coarse`. */
function truncate(tree: Tree, coarse: number, capacity: number): Tree {
  const { dimensions, shape } = tree
  const stride = strideOf(dimensions)
  const upper = emptyTree(tree.points, dimensions, capacity)
  upper.depth = tree.depth
  // Nodes to visit, each with the copy whose right child it is.
  const waiting = tree.nodes === 0 ? [] : [0, -1]
  while (waiting.length > 0) {
    const parent = waiting.pop()!
    const node = waiting.pop()!
    const copy = upper.nodes++
    upper.start[copy] = tree.start[node]
    upper.end[copy] = tree.end[node]
    upper.shape.set(shape.subarray(node * stride, (node + 1) * stride), copy * stride)
    if (parent >= 0) upper.right[parent] = copy
    if (tree.right[node] === 0 || shape[node * stride + SCATTER] <= coarse) continue
    waiting.push(tree.right[node], copy, node + 1, -1)
  }
  return upper
}

/** The smallest scatter of a node at which the sketch has at most `wanted` points. */
function thresholdFor(tree: Tree, wanted: number): number {
  if (sizeAt(tree, 0) <= wanted) return 0
  const stride = strideOf(tree.dimensions)
  const scatters = new Float64Array(tree.nodes)
  for (let node = 0; node < tree.nodes; node++) scatters[node] = tree.shape[node * stride + SCATTER]
  scatters.sort()
  let low = -1
  let high = scatters.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sizeAt(tree, scatters[middle]) <= wanted) high = middle
    else low = middle
  }
  return scatters[high]
}

/** The number of points of a sketch: each opened node adds its children. */
function sizeAt(tree: Tree, coarse: number): number {
  const stride = strideOf(tree.dimensions)
  let size = Math.min(1, tree.nodes)
  for (let node = 0; node < tree.nodes; node++) {
    const at = node * stride
    if (tree.shape[at + SCATTER] <= coarse) continue
    size += tree.right[node] === 0 ? tree.shape[at + COUNT] - 1 : 1
  }
  return size
}
