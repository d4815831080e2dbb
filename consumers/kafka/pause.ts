// Pauses reading when too many rows are rejected: a topic of another kind is not read to its end.
import type { Warnings } from '../ingest/warnings.ts'

/** The share of rejected rows is that of the last one to two windows. */
const WINDOW_ROWS = 5000
/** A share of fewer rows means nothing. */
const MIN_ROWS = 1000

interface Outcomes {
  rows: number
  rejected: number
}

/** Outcomes of the rows of a topic of late. */
export interface RecentOutcomes {
  topic: string
  /** Share of rejected rows from 0 to 1, above which reading pauses; 1 never pauses. */
  limit: number
  /** Outcomes of the window before, and of the present one. */
  before: Outcomes
  now: Outcomes
  /** A sentence once the share was above the limit; it stays until the process is restarted. */
  alarm: string | null
}

/** For how long reading was paused. */
export interface Pause {
  /** Seconds paused since the start. */
  seconds: number
  /** The clock's `now()` up to which these seconds are counted; null while reading. */
  countedUntil: number | null
}

/** Outcomes before the first row. */
export const createOutcomes = (topic: string, limit: number): RecentOutcomes => ({
  topic,
  limit,
  before: { rows: 0, rejected: 0 },
  now: { rows: 0, rejected: 0 },
  alarm: null,
})

/** No pause yet. */
export const createPause = (): Pause => ({ seconds: 0, countedUntil: null })

/** Counts the outcomes of rows that were read; sets the alarm when too many were rejected. */
export function countOutcomes(recent: RecentOutcomes, applied: number, rejected: number): void {
  const { before, now, limit, topic } = recent
  now.rows += applied + rejected
  now.rejected += rejected
  const rows = before.rows + now.rows
  const share = (before.rejected + now.rejected) / rows
  if (recent.alarm === null && rows >= MIN_ROWS && share > limit) {
    recent.alarm =
      `${(share * 100).toFixed(0)} % of the last ${rows} rows of topic ${topic} were rejected, above ` +
      `--rejected-limit ${limit}: reading is paused; see "xdr-pulse rejected", correct the cause ` +
      'and restart, or restart with a higher limit'
  }
  if (now.rows >= WINDOW_ROWS) {
    recent.before = now
    recent.now = { rows: 0, rejected: 0 }
  }
}

/** Counts the time that reading is paused for `reason`, and reports the reason once per pause. */
export function trackPause(
  pause: Pause,
  reason: string | null,
  warnings: Warnings,
  now: number,
): void {
  if (pause.countedUntil !== null) pause.seconds += (now - pause.countedUntil) / 1000
  if (reason !== null && pause.countedUntil === null) warnings.error('paused', reason)
  pause.countedUntil = reason === null ? null : now
}
