// Squared Euclidean distance between two points in flat arrays.

/**
 * The squared distance between the point that starts at `i` of `a` and the one that starts at `j` of
 * `b`. Three dimensions, the usual case, are unrolled: k-means is then twice as fast.
 */
export function squaredDistance(
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
  dimensions: number,
): number {
  if (dimensions === 3) {
    const x = a[i] - b[j]
    const y = a[i + 1] - b[j + 1]
    const z = a[i + 2] - b[j + 2]
    return x * x + y * y + z * z
  }
  let sum = 0
  for (let axis = 0; axis < dimensions; axis++) {
    const off = a[i + axis] - b[j + axis]
    sum += off * off
  }
  return sum
}
