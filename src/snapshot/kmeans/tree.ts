// A kd-tree over scaled points, with which a pass of k-means decides whole regions at once.
import { squaredDistance } from './distance.ts'
import { sharedIndexes, sharedNumbers } from './shared.ts'

/** A node with at most this number of points is not split. */
const BUCKET = 12

/** Points measured axis by axis at a time: few enough for the nearest cache. */
const CHUNK = 512

/**
 * Nodes in preorder: the left child of node i is i + 1, the right one `right[i]`, 0 in a leaf.
 * Node i holds the points `start[i]` to `end[i]` (exclusive) of `points`, d numbers each.
 * `shape` has `strideOf(d)` numbers per node, next to each other because they are read together: COUNT
 * of points, SCATTER (sum of squared distances of its points to their mean), then from MEAN on d
 * numbers each for the mean, and the lower and upper bounds of its tight box.
 */
export interface Tree {
  dimensions: number
  points: Float64Array
  nodes: number
  depth: number
  start: Uint32Array
  end: Uint32Array
  right: Uint32Array
  shape: Float64Array
}

/** The place of a node's count of points in its part of `shape`. */
export const COUNT = 0
/** The place of their scatter. */
export const SCATTER = 1
/** The place of their mean; the bounds follow. */
export const MEAN = 2

/** Numbers per node in `shape`. */
export function strideOf(dimensions: number): number {
  return MEAN + 3 * dimensions
}

/**
 * Builds the tree over `points` (row-major, `dimensions` numbers per point) and reorders `points` and
 * `order` together in place. Each node is split at the mean of the longest side of its tight box. On
 * skewed data this splits the bulk, where the middle of the side would separate single outliers.
 * Any number of equal points end in one leaf.
 */
export function buildTree(points: Float64Array, order: Uint32Array, dimensions: number): Tree {
  const tree = emptyTree(points, dimensions, Math.ceil(order.length / 4) + 16)
  // Nodes to visit: start, end, the node whose right child they are, depth.
  const waiting = order.length === 0 ? [] : [0, order.length, -1, 1]
  while (waiting.length > 0) {
    const depth = waiting.pop()!
    const parent = waiting.pop()!
    const end = waiting.pop()!
    const start = waiting.pop()!
    const node = addNode(tree, start, end)
    if (parent >= 0) tree.right[parent] = node
    tree.depth = Math.max(tree.depth, depth)
    measureBox(tree, node)
    const axis = splitAxis(tree, node)
    if (axis < 0) continue
    const cut = partition(tree, order, node, axis)
    waiting.push(cut, end, node, depth + 1)
    waiting.push(start, cut, -1, depth + 1)
  }
  for (let node = tree.nodes - 1; node >= 0; node--) measureScatter(tree, node)
  return tree
}

/** A tree without nodes, with room for `capacity` nodes. */
export function emptyTree(points: Float64Array, dimensions: number, capacity: number): Tree {
  return {
    dimensions,
    points,
    nodes: 0,
    depth: 0,
    start: sharedIndexes(capacity),
    end: sharedIndexes(capacity),
    right: sharedIndexes(capacity),
    shape: sharedNumbers(capacity * strideOf(dimensions)),
  }
}

function addNode(tree: Tree, start: number, end: number): number {
  if (tree.nodes === tree.start.length) grow(tree)
  const node = tree.nodes++
  tree.start[node] = start
  tree.end[node] = end
  tree.shape[node * strideOf(tree.dimensions) + COUNT] = end - start
  return node
}

/** Adds room for half as many nodes again. */
function grow(tree: Tree): void {
  const capacity = Math.ceil(tree.start.length * 1.5)
  const larger = emptyTree(tree.points, tree.dimensions, capacity)
  larger.start.set(tree.start)
  larger.end.set(tree.end)
  larger.right.set(tree.right)
  larger.shape.set(tree.shape)
  Object.assign(tree, { ...larger, nodes: tree.nodes, depth: tree.depth })
}

/** Computes the box and the mean of a node's points. */
function measureBox(tree: Tree, node: number): void {
  const { dimensions, shape } = tree
  const mean = node * strideOf(dimensions) + MEAN
  const lower = mean + dimensions
  const upper = lower + dimensions
  shape.fill(0, mean, lower)
  shape.fill(Infinity, lower, upper)
  shape.fill(-Infinity, upper, upper + dimensions)
  const end = tree.end[node]
  for (let from = tree.start[node]; from < end; from += CHUNK) {
    const to = Math.min(end, from + CHUNK)
    for (let axis = 0; axis < dimensions; axis++) measureAxis(tree, from, to, axis, mean)
  }
  // Rounding must not move the mean out of the box: the mean of equal points is that point.
  for (let axis = 0; axis < dimensions; axis++) {
    const value = shape[mean + axis] / (end - tree.start[node])
    shape[mean + axis] = Math.min(shape[upper + axis], Math.max(shape[lower + axis], value))
  }
}

/** Adds points to the sum (in the place of the mean) and to the bounds of one axis. */
function measureAxis(tree: Tree, from: number, to: number, axis: number, mean: number): void {
  const { dimensions, points, shape } = tree
  let sum = shape[mean + axis]
  let lower = shape[mean + dimensions + axis]
  let upper = shape[mean + 2 * dimensions + axis]
  const last = to * dimensions
  for (let at = from * dimensions + axis; at < last; at += dimensions) {
    const value = points[at]
    lower = value < lower ? value : lower
    upper = value > upper ? value : upper
    sum += value
  }
  shape[mean + axis] = sum
  shape[mean + dimensions + axis] = lower
  shape[mean + 2 * dimensions + axis] = upper
}

/** Computes the scatter of a leaf from its points, of another node from its children's. */
function measureScatter(tree: Tree, node: number): void {
  const { dimensions, points, shape, right } = tree
  const stride = strideOf(dimensions)
  const mean = node * stride + MEAN
  let sum = 0
  if (right[node] === 0) {
    for (let at = tree.start[node]; at < tree.end[node]; at++) {
      sum += squaredDistance(points, at * dimensions, shape, mean, dimensions)
    }
  } else {
    for (let child = node + 1; ; child = right[node]) {
      const at = child * stride
      const apart = squaredDistance(shape, at + MEAN, shape, mean, dimensions)
      sum += shape[at + SCATTER] + shape[at + COUNT] * apart
      if (child === right[node]) break
    }
  }
  shape[node * stride + SCATTER] = sum
}

/** The longest side of the node's box; -1 when the node remains a leaf. */
function splitAxis({ dimensions, shape }: Tree, node: number): number {
  const at = node * strideOf(dimensions)
  if (shape[at + COUNT] <= BUCKET) return -1
  const lower = at + MEAN + dimensions
  let longest = 0
  let split = -1
  for (let axis = 0; axis < dimensions; axis++) {
    const side = shape[lower + dimensions + axis] - shape[lower + axis]
    if (side > longest) {
      longest = side
      split = axis
    }
  }
  return split
}

/** Moves points below the node's mean before the others; returns the start of the others. */
function partition(tree: Tree, order: Uint32Array, node: number, axis: number): number {
  const { dimensions, points, shape } = tree
  const at = node * strideOf(dimensions) + MEAN + axis
  const mean = shape[at]
  const lowest = shape[at + dimensions]
  let left = tree.start[node]
  let right = tree.end[node] - 1
  // The smallest is always left and the largest right, so that both sides have points.
  const goesLeft = (value: number): boolean => value < mean || value === lowest
  for (;;) {
    while (goesLeft(points[left * dimensions + axis])) left++
    while (!goesLeft(points[right * dimensions + axis])) right--
    if (left > right) return left
    swap(points, order, dimensions, left++, right--)
  }
}

function swap(points: Float64Array, order: Uint32Array, d: number, a: number, b: number): void {
  for (let axis = 0; axis < d; axis++) {
    const kept = points[a * d + axis]
    points[a * d + axis] = points[b * d + axis]
    points[b * d + axis] = kept
  }
  const kept = order[a]
  order[a] = order[b]
  order[b] = kept
}
