// A kd-tree over scaled points: what lets one pass of k-means decide whole regions at once.

/** Points up to which a node is not split further. */
const BUCKET = 12

/**
 * Nodes in preorder: the left child of node i is i + 1, the right one `right[i]`, 0 in a leaf.
 * Node i holds the points `start[i]` to `end[i]` (exclusive) of `points`, d numbers each, their
 * mean (d numbers), their tight box (d lower then d upper bounds) and the sum of their squared
 * distances to that mean.
 */
export interface Tree {
  dimensions: number
  points: Float64Array
  nodes: number
  depth: number
  start: Uint32Array
  end: Uint32Array
  right: Uint32Array
  mean: Float64Array
  box: Float64Array
  scatter: Float64Array
}

/**
 * Builds the tree over `points` (row-major, `dimensions` numbers a point), reordering `points` and
 * `order` together in place. Each node is split at the mean of the longest side of its tight box,
 * which on skewed data cuts the bulk at once where the middle of the side would peel off outliers
 * one by one. Equal points end in one leaf, however many they are. The order of arrival decides
 * only which of two equal points comes first.
 */
export function buildTree(points: Float64Array, order: Uint32Array, dimensions: number): Tree {
  const tree = emptyTree(points, dimensions, order.length)
  if (order.length === 0) return tree
  // Right children that wait: where they start and end, whose they are, how deep they lie.
  const waiting = [0, order.length, -1, 1]
  while (waiting.length > 0) {
    const depth = waiting.pop()!
    const parent = waiting.pop()!
    const end = waiting.pop()!
    const start = waiting.pop()!
    const node = addNode(tree, start, end)
    if (parent >= 0) tree.right[parent] = node
    tree.depth = Math.max(tree.depth, depth)
    const axis = splitAxis(tree, node)
    if (axis < 0) continue
    const cut = partition(tree, order, node, axis)
    waiting.push(cut, end, node, depth + 1)
    waiting.push(start, cut, -1, depth + 1)
  }
  measureScatter(tree)
  return tree
}

function emptyTree(points: Float64Array, dimensions: number, count: number): Tree {
  const capacity = Math.ceil(count / 3) + 16
  return {
    dimensions,
    points,
    nodes: 0,
    depth: 0,
    start: new Uint32Array(capacity),
    end: new Uint32Array(capacity),
    right: new Uint32Array(capacity),
    mean: new Float64Array(capacity * dimensions),
    box: new Float64Array(capacity * dimensions * 2),
    scatter: new Float64Array(capacity),
  }
}

/** Appends a node and measures its box and mean. */
function addNode(tree: Tree, start: number, end: number): number {
  if (tree.nodes === tree.start.length) grow(tree)
  const node = tree.nodes++
  tree.start[node] = start
  tree.end[node] = end
  const { dimensions, points, box, mean } = tree
  for (let axis = 0; axis < dimensions; axis++) {
    let lower = Infinity
    let upper = -Infinity
    let sum = 0
    const last = end * dimensions
    for (let at = start * dimensions + axis; at < last; at += dimensions) {
      const value = points[at]
      lower = value < lower ? value : lower
      upper = value > upper ? value : upper
      sum += value
    }
    box[2 * node * dimensions + axis] = lower
    box[(2 * node + 1) * dimensions + axis] = upper
    // Rounding must not carry the mean out of the box: equal points have that point as mean.
    mean[node * dimensions + axis] = Math.min(upper, Math.max(lower, sum / (end - start)))
  }
  return node
}

/** Scatter of every node, leaves from their points, the others from their children. */
function measureScatter(tree: Tree): void {
  const { dimensions, points, mean, scatter, right } = tree
  for (let node = tree.nodes - 1; node >= 0; node--) {
    let sum = 0
    if (right[node] === 0) {
      for (let at = tree.start[node]; at < tree.end[node]; at++) {
        sum += squaredDistance(points, at, mean, node, dimensions)
      }
    } else {
      for (const child of [node + 1, right[node]]) {
        const count = tree.end[child] - tree.start[child]
        sum += scatter[child] + count * squaredDistance(mean, child, mean, node, dimensions)
      }
    }
    scatter[node] = sum
  }
}

function squaredDistance(
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  dimensions: number,
): number {
  let sum = 0
  for (let axis = 0; axis < dimensions; axis++) {
    const off = a[i * dimensions + axis] - b[j * dimensions + axis]
    sum += off * off
  }
  return sum
}

/** The longest side of the node's box, -1 when the node stays a leaf. */
function splitAxis(tree: Tree, node: number): number {
  if (tree.end[node] - tree.start[node] <= BUCKET) return -1
  const { dimensions, box } = tree
  let axis = -1
  let longest = 0
  for (let each = 0; each < dimensions; each++) {
    const side = box[(2 * node + 1) * dimensions + each] - box[2 * node * dimensions + each]
    if (side > longest) {
      longest = side
      axis = each
    }
  }
  return axis
}

/** Brings points below the node's mean before the others; returns where the others begin. */
function partition(tree: Tree, order: Uint32Array, node: number, axis: number): number {
  const { dimensions, points } = tree
  const lowest = tree.box[2 * node * dimensions + axis]
  const mean = tree.mean[node * dimensions + axis]
  let left = tree.start[node]
  let right = tree.end[node] - 1
  // The smallest always goes left and the largest right, so that both sides have points.
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

/** Room for half as many nodes again. */
function grow(tree: Tree): void {
  const capacity = Math.ceil(tree.start.length * 1.5)
  const longer = (from: Uint32Array): Uint32Array => {
    const to = new Uint32Array(capacity)
    to.set(from)
    return to
  }
  const longerFloats = (from: Float64Array, width: number): Float64Array => {
    const to = new Float64Array(capacity * width)
    to.set(from)
    return to
  }
  tree.start = longer(tree.start)
  tree.end = longer(tree.end)
  tree.right = longer(tree.right)
  tree.mean = longerFloats(tree.mean, tree.dimensions)
  tree.box = longerFloats(tree.box, 2 * tree.dimensions)
  tree.scatter = longerFloats(tree.scatter, 1)
}
