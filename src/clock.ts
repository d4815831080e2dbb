// The clock of the ingest thread. What ingests gets it as an argument, so that a simulation decides
// when a wait ends, and in which order.
import { performance } from 'node:perf_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** Time, waits and turns of the event loop. */
export interface Clock {
  /** Milliseconds that only differences have a meaning of; never goes back. */
  now: () => number
  /** UTC milliseconds. */
  utcMs: () => number
  /** Waits; rejects with an AbortError when `signal` is aborted before. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Lets everything that waits for the event loop go first. */
  breathe: () => Promise<void>
  /** A number from 0 to 1, exclusive, by which waits between attempts differ. */
  jitter: () => number
}

/** The clock of the system. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  utcMs: () => Date.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
  breathe: () => setImmediate(),
  jitter: () => Math.random(),
}
