// K-means for tests: the program's pieces put together, and naive measures to judge them by.
import { clusterUpTo, createSearch } from '../../src/snapshot/kmeans.ts'
import { settle, type Settled } from '../../src/snapshot/settle.ts'
import { buildTree } from '../../src/snapshot/tree.ts'

export type Point = readonly number[]

export interface Solved extends Settled {
  centroids: Point[]
  /** The points in the order of the labels. */
  points: Point[]
  /** Inertia found on the tree for k = 1, 2, 3 … */
  curve: number[]
}

/** The program's k-means of `points`, k at most the number of distinct points. */
export function solve(points: readonly Point[], k: number, seed = 1): Solved {
  const dimensions = points[0].length
  const flat = Float64Array.from(points.flat())
  const tree = buildTree(flat, Uint32Array.from(points.keys()), dimensions)
  const search = createSearch(tree, k, seed)
  const found = clusterUpTo(search, k)
  const { centroids } = found[k - 1]
  const settled = settle(flat, dimensions, centroids, k)
  return {
    ...settled,
    centroids: rowsFrom(centroids, dimensions),
    points: rowsFrom(flat, dimensions),
    curve: found.map(({ inertia }) => inertia),
  }
}

export function rowsFrom(flat: Float64Array, dimensions: number): Point[] {
  return Array.from({ length: flat.length / dimensions }, (_, row) =>
    Array.from(flat.subarray(row * dimensions, (row + 1) * dimensions)),
  )
}

export function squared(a: Point, b: Point): number {
  return a.reduce((sum, value, axis) => sum + (value - b[axis]) ** 2, 0)
}

export function meanOf(points: readonly Point[]): Point {
  return points[0].map((_, axis) => {
    return points.reduce((sum, point) => sum + point[axis], 0) / points.length
  })
}

/** Sum of squared distances of the points to the nearest centroid each. */
export function naiveInertia(points: readonly Point[], centroids: readonly Point[]): number {
  return points.reduce((sum, point) => {
    return sum + Math.min(...centroids.map((centroid) => squared(point, centroid)))
  }, 0)
}
