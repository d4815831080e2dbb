// When rows may be sent: at once, at a rate in rows per second, or paced by event time.
import { createReplayClock } from '../record/event-time.ts'

/** A rate, or event time at a multiple of real time; null for as fast as possible. */
export type Speed = { rowsPerSecond: number } | { timesRealTime: number } | null

/** Decides which rows, given in order, may be sent. */
export interface Throttle {
  /** The first of rows `from` to `to` that may not be sent yet, or `to`. `event`: UTC ms. */
  openUntil(event: Float64Array, from: number, to: number, nowMs: number): number
  /** Milliseconds until a row with this event time may be sent. */
  waitFor(event: number, nowMs: number): number
}

/** Short enough that a consumer sees a steady rate. */
const TICK_MS = 10
/** At most this much of a delay is caught up at once: no burst after an outage. */
const MOST_BEHIND_MS = 1000

/** A throttle of the given speed. */
export function createThrottle(speed: Speed): Throttle {
  if (speed === null) return { openUntil: (_, __, to) => to, waitFor: () => 0 }
  if ('timesRealTime' in speed) {
    const clock = createReplayClock(speed.timesRealTime)
    return {
      openUntil: (event, from, to, nowMs) => clock.dueUntil(event, from, to, nowMs),
      waitFor: (event, nowMs) => clock.waitFor(event, nowMs),
    }
  }
  return createRateThrottle(speed.rowsPerSecond / 1000)
}

function createRateThrottle(rowsPerMs: number): Throttle {
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
