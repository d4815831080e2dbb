// Pauses reading when too many rows are rejected: a topic of another kind is not read to its end.
import { performance } from 'node:perf_hooks'
import type { Warnings } from '../ingest/warnings.ts'

/** The share of rejected rows is that of the last one to two windows. */
const WINDOW_ROWS = 5000
/** A share of fewer rows means nothing. */
const MIN_ROWS = 1000

interface Outcomes {
  rows: number
  rejected: number
}

/** Why and for how long reading was paused. */
export interface Pause {
  /** Share of rejected rows from 0 to 1, above which reading pauses; 1 never pauses. */
  limit: number
  /** Outcomes of the window before, and of the present one. */
  before: Outcomes
  now: Outcomes
  /** A sentence once the share was above the limit; it stays until the process is restarted. */
  alarm: string | null
  /** Seconds paused since the start. */
  seconds: number
  /** `performance.now()` up to which these seconds are counted; null while reading. */
  countedUntil: number | null
}

/** No pause yet. */
export const createPause = (limit: number): Pause => ({
  limit,
  before: { rows: 0, rejected: 0 },
  now: { rows: 0, rejected: 0 },
  alarm: null,
  seconds: 0,
  countedUntil: null,
})

/** Counts the outcomes of rows that were read; sets the alarm when too many were rejected. */
export function countOutcomes(pause: Pause, applied: number, rejected: number): void {
  const { before, now, limit } = pause
  now.rows += applied + rejected
  now.rejected += rejected
  const rows = before.rows + now.rows
  const share = (before.rejected + now.rejected) / rows
  if (pause.alarm === null && rows >= MIN_ROWS && share > limit) {
    pause.alarm =
      `${(share * 100).toFixed(0)} % of the last ${rows} rows were rejected, above ` +
      `--rejected-limit ${limit}: reading is paused; see "xdr-pulse rejected", correct the cause ` +
      'and restart, or restart with a higher limit'
  }
  if (now.rows >= WINDOW_ROWS) {
    pause.before = now
    pause.now = { rows: 0, rejected: 0 }
  }
}

/** Counts the time that reading is paused for `reason`, and reports the reason once per pause. */
export function trackPause(pause: Pause, reason: string | null, warnings: Warnings): void {
  const now = performance.now()
  if (pause.countedUntil !== null) pause.seconds += (now - pause.countedUntil) / 1000
  if (reason !== null && pause.countedUntil === null) warnings.error('paused', reason)
  pause.countedUntil = reason === null ? null : now
}
