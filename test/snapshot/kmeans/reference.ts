// K-means for tests: the program's parts combined, and naive measures of the result.
import { clusterUpTo, createSearch } from '../../../src/snapshot/kmeans/kmeans.ts'
import { settle, type Settled } from '../../../src/snapshot/kmeans/settle.ts'
import { buildTree } from '../../../src/snapshot/kmeans/tree.ts'

/** Coordinates. */
export type Point = readonly number[]

/** A solution with the points in the order of its labels. */
export interface Solved extends Settled {
  centroids: Point[]
  /** The points in the order of the labels. */
  points: Point[]
  /** The inertia found on the tree, before the plain passes. */
  onTree: number
}

/** The program's k-means of `points` for k = 1, 2, 3 … `most`, fewer if fewer are distinct. */
export function solveUpTo(points: readonly Point[], most: number, seed = 1): Solved[] {
  const dimensions = points[0].length
  const flat = Float64Array.from(points.flat())
  const tree = buildTree(flat, Uint32Array.from(points.keys()), dimensions)
  const ordered = rowsFrom(flat, dimensions)
  return clusterUpTo(createSearch(tree, most, seed), most).map((found) => {
    const centroids = found.centroids.slice()
    const settled = settle(flat, dimensions, centroids, found.k)
    const onTree = found.inertia
    return { ...settled, centroids: rowsFrom(centroids, dimensions), points: ordered, onTree }
  })
}

/** Points from a flat array. */
export function rowsFrom(flat: Float64Array, dimensions: number): Point[] {
  return Array.from({ length: flat.length / dimensions }, (_, row) =>
    Array.from(flat.subarray(row * dimensions, (row + 1) * dimensions)),
  )
}

/** The squared distance between two points. */
export function squared(a: Point, b: Point): number {
  return a.reduce((sum, value, axis) => sum + (value - b[axis]) ** 2, 0)
}

/** The mean of some points. */
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
