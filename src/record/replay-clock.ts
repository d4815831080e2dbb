// Event time at a multiple of real time: which of the rows in hand are due.

/** Waiting shorter than this would only cost wake-ups. */
const LEAST_WAIT_MS = 20

/** Paces rows in order of event time; the first known time is due at once. */
export interface ReplayClock {
  /** The first of rows `from` to `to` that is not due yet, or `to`. */
  dueUntil(eventTimeMs: Float64Array, from: number, to: number, nowMs: number): number
  /** Milliseconds until an event time is due, at least a tick. */
  waitFor(eventTimeMs: number, nowMs: number): number
  /** Time in which nothing was due because the replay was paused moves everything later. */
  delay(ms: number): void
}

/** A clock of `speed` times real time. */
export function createReplayClock(speed: number): ReplayClock {
  let firstEvent = NaN
  let firstNow = 0
  const dueAt = (event: number): number => firstNow + (event - firstEvent) / speed
  return {
    dueUntil(eventTimeMs, from, to, nowMs) {
      for (let i = from; i < to; i++) {
        const event = eventTimeMs[i]
        if (event !== event) continue
        if (firstEvent !== firstEvent) {
          firstEvent = event
          firstNow = nowMs
        }
        if (dueAt(event) > nowMs) return i
      }
      return to
    },
    waitFor: (event, nowMs) => Math.max(LEAST_WAIT_MS, dueAt(event) - nowMs),
    delay(ms) {
      firstNow += ms
    },
  }
}
