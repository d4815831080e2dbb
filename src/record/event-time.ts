// When a row's session began or ended, and when that is not known.

/** 2000-01-01 and 2100-01-01: a time outside is a fault of its writer, hence unknown. */
const EARLIEST_MS = Date.UTC(2000, 0)
const LATEST_MS = Date.UTC(2100, 0)

/** False for what is no time, or one that only a fault can have written. */
export const isKnownTime = (time: number): boolean => time >= EARLIEST_MS && time < LATEST_MS

/** Start with its milliseconds, NaN where it is unknown: what rows are ordered and divided by. */
export const eventTimeOf = (start: number, part: number): number =>
  isKnownTime(start) ? withPart(start, part) : NaN

/** A time that has no milliseconds of its own takes them from the column beside it. */
export function withPart(time: number, part: number): number {
  return time % 1000 === 0 && part > 0 && part < 1000 ? time + Math.floor(part) : Math.floor(time)
}
