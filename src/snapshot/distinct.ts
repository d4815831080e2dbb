// How many different points there are, as far as that matters.

/** The number of distinct points (rows of `dimensions` numbers), counting no further than `limit`. */
export function countDistinct(points: Float64Array, dimensions: number, limit: number): number {
  const seen: number[] = []
  for (let at = 0; at < points.length && seen.length < limit; at += dimensions) {
    if (!seen.some((row) => isSame(points, row, at, dimensions))) seen.push(at)
  }
  return seen.length
}

function isSame(points: Float64Array, a: number, b: number, dimensions: number): boolean {
  for (let axis = 0; axis < dimensions; axis++) {
    if (points[a + axis] !== points[b + axis]) return false
  }
  return true
}
