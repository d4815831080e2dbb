// A bound on events per key and window of time; memory is bounded, the clock is an argument.

/** Keys that are remembered; beyond it the oldest is forgotten. */
const MOST_KEYS = 10_000

/** A number of events per key, in a window that begins with the first event of the key. */
export interface RateLimit {
  /** Counts an event. */
  note(key: string, nowMs: number): void
  /** Milliseconds until a key at its limit may continue; 0 below the limit. */
  waitMs(key: string, nowMs: number): number
}

/** A limit of `most` events per key in `windowMs` milliseconds. */
export function createRateLimit(most: number, windowMs: number): RateLimit {
  const windows = new Map<string, { beganMs: number; count: number }>()
  return {
    note(key, nowMs) {
      const known = windows.get(key)
      if (known !== undefined && nowMs - known.beganMs < windowMs) {
        known.count++
        return
      }
      // The map is in the order in which windows began, so its first key is the oldest.
      windows.delete(key)
      windows.set(key, { beganMs: nowMs, count: 1 })
      if (windows.size > MOST_KEYS) windows.delete(windows.keys().next().value!)
    },
    waitMs(key, nowMs) {
      const known = windows.get(key)
      if (known === undefined || known.count < most) return 0
      return Math.max(0, known.beganMs + windowMs - nowMs)
    },
  }
}
