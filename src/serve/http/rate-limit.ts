// How often a key may come in a window of time: bounded memory, the clock is an argument.

/** The oldest key is forgotten beyond it: memory is bounded, whoever asks. */
const MOST_KEYS = 10_000

/** So many in a window that begins with a key's first one. */
export interface RateLimit {
  note(key: string, nowMs: number): void
  /** How long a key that has used it up must wait; 0 when it need not. */
  waitMs(key: string, nowMs: number): number
}

/** A quota that nobody has used. */
export function createRateLimit(most: number, windowMs: number): RateLimit {
  const windows = new Map<string, { beganMs: number; count: number }>()
  return {
    note(key, nowMs) {
      const known = windows.get(key)
      if (known !== undefined && nowMs - known.beganMs < windowMs) {
        known.count++
        return
      }
      // In order of their beginning, so that the first is the oldest.
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
