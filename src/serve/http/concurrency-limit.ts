// A gate for what takes a pass over all subscribers: so many may wait, others come again.
import { problem, type Answer } from './problem.ts'

/** Scans that may wait at once: the look-up thread does one at a time. */
export const MOST_WAITING = 8

/** Runs work, or says why not now. */
export type ConcurrencyLimit = (work: () => Promise<Answer>) => Promise<Answer>

/** A gate that `most` may be behind. */
export function createConcurrencyLimit(most: number = MOST_WAITING): ConcurrencyLimit {
  let waiting = 0
  return async (work) => {
    if (waiting >= most) {
      const detail = `${most} requests for subscribers already wait; repeat the request in a second.`
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
