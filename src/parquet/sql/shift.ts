// SQL of times that are moved by whole days.
import { FIRST_SECOND, LAST_SECOND } from '../../record/numeric-time.ts'

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000

/** SQL of a time in UTC ms, moved by whole days; what is not a known time stays as it is. */
export const shifted = (time: string, days: number): string =>
  days === 0
    ? time
    : `CASE WHEN (${time}) >= ${FIRST_SECOND * 1000} AND (${time}) < ${LAST_SECOND * 1000}
        THEN (${time}) + ${days * DAY_MS} ELSE (${time}) END`
