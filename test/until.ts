// Polls for a condition: tests wait for what happens, never for a time to pass.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** A liveness bound for machines that run other tests as well; no test depends on its length. */
const BOUND_MS = 180_000
const POLL_MS = 20

/** Asks until the answer is enough (by default: truthy), and returns it; fails after `boundMs`. */
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
