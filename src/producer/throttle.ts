// When rows may be sent: at once, so many a second, or as event time goes by.
import { createReplayClock } from '../record/replay-clock.ts'

/** A rate of rows, or event time at a multiple of real time; null for as fast as possible. */
export type Speed = { rowsPerSecond: number } | { timesRealTime: number } | null

/** Says of rows in order which may go. */
export interface Throttle {
  /** The first of rows `from` to `to` that may not go yet, or `to`. */
  openUntil(event: Float64Array, from: number, to: number, nowMs: number): number
  /** Milliseconds until the row may go. */
  waitFor(event: number, nowMs: number): number
}

/** Short enough that nobody sees bursts. */
const TICK_MS = 10
/** What could not be sent in time is not made up for beyond this: no burst after an outage. */
const MOST_BEHIND_MS = 1000

/** A gate that opens with the given speed. */
export function createThrottle(speed: Speed): Throttle {
  if (speed === null) return { openUntil: (_, __, to) => to, waitFor: () => 0 }
  if ('timesRealTime' in speed) {
    const clock = createReplayClock(speed.timesRealTime)
    return {
      openUntil: (event, from, to, nowMs) => clock.dueUntil(event, from, to, nowMs),
      waitFor: (event, nowMs) => clock.waitFor(event, nowMs),
    }
  }
  return rateGate(speed.rowsPerSecond / 1000)
}

function rateGate(rowsPerMs: number): Throttle {
  let paidUntilMs = NaN
  return {
    openUntil(_, from, to, nowMs) {
      paidUntilMs = Math.max(
        paidUntilMs === paidUntilMs ? paidUntilMs : nowMs,
        nowMs - MOST_BEHIND_MS,
      )
      const rows = Math.min(to - from, Math.floor((nowMs - paidUntilMs) * rowsPerMs))
      paidUntilMs += rows / rowsPerMs
      return from + rows
    },
    waitFor: (_, nowMs) => Math.max(TICK_MS, paidUntilMs + 1 / rowsPerMs - nowMs),
  }
}
