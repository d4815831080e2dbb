// Which rows of a source are settled while its transactions are sent.
import type { Progress, Settled } from './progress.ts'

/**
 * What the last steps of a source have made. A transaction begins when the one before it has ended; the
 * rows of both are not settled yet.
 */
export interface History {
  settled: Settled
  before: Made | null
  last: Made | null
}

/** A progress, and since when its rows were sent. */
export interface Made {
  progress: Progress
  sinceMs: number
}

/** What is settled when a step is sent; the step becomes the last one. */
export function settledBefore(history: History, made: Made): Settled {
  const { before, last, settled } = history
  // Where marked rows are left, some rows after this progress are in the topic for longer.
  if (before?.progress.whole === true && last !== null) {
    const { rows, checksum } = before.progress
    history.settled = { rows, checksum, sinceMs: last.sinceMs }
  } else settled.sinceMs = Math.min(settled.sinceMs, made.sinceMs)
  history.before = last
  history.last = made
  return { ...history.settled }
}
