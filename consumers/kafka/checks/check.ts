// The line that a check of `doctor` prints.

/** One thing that was looked at. */
export interface Check {
  check: string
  result: 'ok' | 'warning' | 'failed' | 'skipped'
  found: string
  /** What to do; null where nothing is to be done. */
  advice: string | null
}

/** A check that found what it expects. */
export const ok = (check: string, found: string): Check => ({
  ...{ check, result: 'ok', found, advice: null },
})
