// Segments get stable names, from least to most engaged.

const NAMES: readonly (readonly string[])[] = [
  [],
  ['all'],
  ['low', 'high'],
  ['low', 'medium', 'high'],
  ['very low', 'low', 'high', 'very high'],
  ['very low', 'low', 'medium', 'high', 'very high'],
]

/** Names of `k` segments; more than five are levels, numbered so that they sort as text. */
export function segmentNames(k: number): string[] {
  if (k < NAMES.length) return [...NAMES[k]]
  const digits = String(k).length
  return Array.from({ length: k }, (_, at) => `level ${String(at + 1).padStart(digits, '0')}`)
}

/**
 * Centroids from least to most engaged, as indexes: by the sum of their scaled coordinates, equal
 * sums by the first coordinate that differs, equal centroids by index.
 */
export function byEngagement(centroids: Float64Array, k: number, dimensions: number): number[] {
  const rows = Array.from({ length: k }, (_, c) =>
    centroids.subarray(c * dimensions, (c + 1) * dimensions),
  )
  const sums = rows.map((row) => row.reduce((sum, value) => sum + value, 0))
  return rows
    .map((_, index) => index)
    .sort((a, b) => sums[a] - sums[b] || compareRows(rows[a], rows[b]) || a - b)
}

function compareRows(a: Float64Array, b: Float64Array): number {
  const axis = a.findIndex((value, at) => value !== b[at])
  return axis < 0 ? 0 : a[axis] - b[axis]
}
