// Event time: when a session began or ended, and a clock that replays it at a multiple of real time.

/** 2000-01-01 and 2100-01-01: a time outside is an error of its writer, hence unknown. */
const EARLIEST_MS = Date.UTC(2000, 0)
const LATEST_MS = Date.UTC(2100, 0)

/** Whether a time is valid: false for NaN and for years before 2000 or from 2100 on. */
export const isKnownTime = (time: number): boolean => time >= EARLIEST_MS && time < LATEST_MS

/** Offsets from UTC are below a day, and a clock looks a day before and after a time. */
const NEAR_MS = 3 * 86_400_000

/** Whether a wall clock time may be a known time in some zone; false for NaN. */
export const isNearKnownTimes = (localMs: number): boolean =>
  localMs > EARLIEST_MS - NEAR_MS && localMs < LATEST_MS + NEAR_MS

/** Start with its milliseconds, by which rows are ordered and divided; NaN where it is unknown. */
export const eventTimeOf = (start: number, part: number): number =>
  isKnownTime(start) ? withPart(start, part) : NaN

/** A time in whole milliseconds; one of whole seconds takes its milliseconds from `part`. */
export function withPart(time: number, part: number): number {
  return time % 1000 === 0 && part > 0 && part < 1000 ? time + Math.floor(part) : Math.floor(time)
}

/** A time of a record in ISO 8601; a producer may write any number, and one outside the calendar stays one. */
export function isoTime(timeMs: number): string {
  const date = new Date(timeMs)
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString()
}

/** A shorter wait would cost wake-ups without any visible effect. */
const LEAST_WAIT_MS = 20

/** Paces rows in order of event time; the first known time is due at once. */
export interface ReplayClock {
  /** The first of the rows `from` to `to` that is not due yet, or `to`. */
  dueUntil(eventTimeMs: Float64Array, from: number, to: number, nowMs: number): number
  /** Milliseconds until an event time is due, at least LEAST_WAIT_MS. */
  waitFor(eventTimeMs: number, nowMs: number): number
  /** Moves all due times later, by the time for which the replay was paused. */
  delay(ms: number): void
}

/** A clock that runs `speed` times as fast as real time. */
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
