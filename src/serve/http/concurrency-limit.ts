// A bound on the requests that wait for a pass over all subscribers.
import { problem, type Answer } from './problem.ts'

/** Maximum requests that wait at once: the look-up thread runs one pass after another. */
export const MOST_WAITING = 8

/** Runs the work and returns its response, or returns 503 when too many wait. */
export type ConcurrencyLimit = (work: () => Promise<Answer>) => Promise<Answer>

/** A limit of `most` concurrent runs. */
export function createConcurrencyLimit(most: number = MOST_WAITING): ConcurrencyLimit {
  let waiting = 0
  return async (work) => {
    if (waiting >= most) {
      const detail = `${most} requests for subscribers already wait; repeat the request later.`
      return problem(503, detail, { 'retry-after': '1' })
    }
    waiting++
    try {
      return await work()
    } finally {
      waiting--
    }
  }
}
