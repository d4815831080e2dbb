// A small weighted summary of all points, on which many starts can be tried.
import type { Tree } from './tree.ts'

/** Weighted points: the means of the tree's nodes at one coarseness and how many points each has. */
export interface Summary {
  /** Nodes whose scatter is at most this stand for their points; see filterStep. */
  coarse: number
  count: number
  points: Float64Array
  weights: Float64Array
}

/**
 * Summarises the tree by about `wanted` points, all distinct points when there are fewer. Unlike
 * a random sample it keeps every outlier and its error is spread evenly: a node is opened exactly
 * when the squared distances inside it exceed one threshold. The idea is that of BIRCH's CF-tree
 * (Zhang, Ramakrishnan, Livny, SIGMOD 1996).
 */
export function summarise(tree: Tree, wanted: number): Summary {
  const coarse = thresholdFor(tree, wanted)
  const count = sizeAt(tree, coarse)
  const { dimensions } = tree
  const summary = {
    coarse,
    count: 0,
    points: new Float64Array(count * dimensions),
    weights: new Float64Array(count),
  }
  const pending = tree.nodes === 0 ? [] : [0]
  while (pending.length > 0) {
    const node = pending.pop()!
    if (tree.scatter[node] <= coarse) {
      append(summary, tree.mean, node, tree.end[node] - tree.start[node], dimensions)
    } else if (tree.right[node] === 0) {
      for (let at = tree.start[node]; at < tree.end[node]; at++) {
        append(summary, tree.points, at, 1, dimensions)
      }
    } else {
      pending.push(tree.right[node], node + 1)
    }
  }
  return summary
}

function append(
  summary: Summary,
  from: Float64Array,
  index: number,
  weight: number,
  dimensions: number,
): void {
  const at = summary.count++
  for (let axis = 0; axis < dimensions; axis++) {
    summary.points[at * dimensions + axis] = from[index * dimensions + axis]
  }
  summary.weights[at] = weight
}

/** The smallest scatter of a node at which the summary has at most `wanted` points. */
function thresholdFor(tree: Tree, wanted: number): number {
  if (sizeAt(tree, 0) <= wanted) return 0
  const scatters = tree.scatter.slice(0, tree.nodes).sort()
  let low = -1
  let high = scatters.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (sizeAt(tree, scatters[middle]) <= wanted) high = middle
    else low = middle
  }
  return scatters[high]
}

/** Upper bound of the points in a summary: each opened node adds what it is opened into. */
function sizeAt(tree: Tree, coarse: number): number {
  let size = 1
  for (let node = 0; node < tree.nodes; node++) {
    if (tree.scatter[node] <= coarse) continue
    size += tree.right[node] === 0 ? tree.end[node] - tree.start[node] - 1 : 1
  }
  return size
}
