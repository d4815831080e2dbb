// Polls for a condition: tests wait for conditions, never for a fixed time.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** The maximum wait, for machines that run other tests as well; no test depends on its length. */
const BOUND_MS = 180_000
const POLL_MS = 20

/** Polls until an answer is enough (by default: truthy) and returns it; fails after `boundMs`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  enough: (answer: T) => boolean = Boolean,
  boundMs = BOUND_MS,
): Promise<T> {
  for (const bound = Date.now() + boundMs; ;) {
    const answer = await ask()
    if (enough(answer)) return answer
    assert.ok(Date.now() < bound, `no sign of ${what}: ${JSON.stringify(answer)}`)
    await sleep(POLL_MS)
  }
}
