// The naive sum of rows by MSISDN: of subscribers whose rows are in several partitions.

/** Places of a row, as literals. */
const [MSISDN, FIRST_START, LAST_END, WIDTH] = [0, 20, 21, 22]

/** Sums rows of 22 numbers each, by ascending MSISDN. */
export function summed(rows: Iterable<Float64Array>): Map<number, Float64Array> {
  const sums = new Map<number, number[]>()
  for (const row of rows) {
    const sum = sums.get(row[MSISDN])
    const merged = Array.from({ length: WIDTH }, (_, at) => {
      if (sum === undefined || at === MSISDN) return row[at]
      if (at === LAST_END) return Math.max(sum[at], row[at])
      if (at !== FIRST_START) return sum[at] + row[at]
      const known = [sum[at], row[at]].filter((time) => time > 0)
      return known.length === 0 ? 0 : Math.min(...known)
    })
    sums.set(row[MSISDN], merged)
  }
  const ordered = [...sums].sort(([a], [b]) => a - b)
  return new Map(ordered.map(([msisdn, row]) => [msisdn, Float64Array.from(row)]))
}
