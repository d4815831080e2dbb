// A bound on the requests that wait for a pass over all subscribers.
import { problem, type Answer } from './problem.ts'

/** Maximum requests that wait at once, per gate. */
export const MOST_WAITING = 8

/** Runs the work and returns its response, or returns 503 when too many wait. */
export type ConcurrencyLimit = (work: () => Promise<Answer>) => Promise<Answer>

/**
 * A gate at which up to `MOST_WAITING` requests wait.
 *
 * @param what names the requests in the refusal
 * @param how `in turn` runs one after another: the look-up thread runs one pass at a time, so a
 *   request of another gate waits for at most one pass of this one
 */
export function createConcurrencyLimit(what: string, how: 'at once' | 'in turn'): ConcurrencyLimit {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = (work: () => Promise<Answer>): Promise<Answer> => {
    const answer = last.then(work)
    last = answer.catch(() => undefined)
    return answer
  }
  return async (work) => {
    if (waiting >= MOST_WAITING) {
      const detail = `${MOST_WAITING} requests for ${what} already wait; repeat the request later.`
      return problem(503, detail, { 'retry-after': '1' })
    }
    waiting++
    try {
      return await (how === 'in turn' ? inTurn(work) : work())
    } finally {
      waiting--
    }
  }
}
