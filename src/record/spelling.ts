// The edit distance of words, and suggestions for misspelt ones.

/** The largest distance of a suggestion, as a share of its letters; commander uses the same. */
const NEAR = 0.4

/**
 * The number of letters to insert, delete, replace or swap with the next to turn one word into the
 * other, ignoring case (Damerau 1964, optimal string alignment).
 */
export function editDistance(written: string, meantWord: string): number {
  const [from, to] = [written.toLowerCase(), meantWord.toLowerCase()]
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const isSwapped = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j]
      const swapped = isSwapped ? before[j - 1] + 1 : Infinity
      const changed = row[j] + (from[i] === to[j] ? 0 : 1)
      next.push(Math.min(swapped, changed, row[j + 1] + 1, next[j] + 1))
    }
    before = row
    row = next
  }
  return row[to.length]
}

/** ` (did you mean x?)` with the nearest of `values`; empty when none is near enough. */
export function meant(written: string, values: readonly string[]): string {
  const near = values
    .map((value) => ({ value, distance: editDistance(written, value) }))
    .filter(({ value, distance }) => distance <= value.length * NEAR)
    .sort((a, b) => a.distance - b.distance)
  return near.length === 0 || written === '' ? '' : ` (did you mean ${near[0].value}?)`
}
