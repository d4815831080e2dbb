// The differences that a verification finds.

/** One number that differs between the files and the state. */
export interface Difference {
  /** Names the number and its subscriber or file. */
  what: string
  expected: string
  found: string
}

/** Collects differences: all are counted, the first ten are named. */
export interface Findings {
  differing: Difference[]
  differences: number
  /** Adds a difference unless both are equal. */
  expect: (what: string, expected: Value, found: Value) => void
}

type Value = number | bigint | string

const MOST_NAMED = 10

/** No differences. */
export function createFindings(): Findings {
  const findings: Findings = {
    differing: [],
    differences: 0,
    expect(what, expected, found) {
      if (expected === found) return
      findings.differences++
      if (findings.differing.length >= MOST_NAMED) return
      findings.differing.push({ what, expected: String(expected), found: String(found) })
    },
  }
  return findings
}
