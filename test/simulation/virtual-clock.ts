// A clock whose time passes only when nothing else can happen; the seed decides what happens next.
import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import type { Random } from '../../src/random.ts'

interface Waiter {
  atMs: number
  wake: () => void
}

/** A clock, and what drives it. */
export interface VirtualClock extends Clock {
  /**
   * Wakes one of those that may continue, whichever the random numbers choose; lets time pass where
   * there is none.
   *
   * @returns false when nobody waits
   */
  step(): Promise<boolean>
}

/** 2026-01-01. */
const START_MS = Date.UTC(2026, 0)

/** A clock at some time. */
export function createVirtualClock(random: Random, startMs = 0): VirtualClock {
  let nowMs = startMs
  let waiters: Waiter[] = []
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter = { atMs: nowMs + ms, wake: resolve }
      const abort = (): void => {
        waiters = waiters.filter((one) => one !== waiter)
        reject(new DOMException('the wait was aborted', 'AbortError'))
      }
      if (signal?.aborted === true) {
        abort()
        return
      }
      signal?.addEventListener('abort', abort, { once: true })
      waiters.push(waiter)
    })
  return {
    now: () => nowMs,
    utcMs: () => START_MS + nowMs,
    sleep,
    breathe: () => sleep(0),
    jitter: random,
    async step() {
      // All that was woken before has gone as far as it gets.
      await turn()
      if (waiters.length === 0) return false
      const next = Math.min(...waiters.map(({ atMs }) => atMs))
      nowMs = Math.max(nowMs, next)
      const ready = waiters.filter(({ atMs }) => atMs <= nowMs)
      const waiter = ready[Math.floor(random() * ready.length)]
      waiters = waiters.filter((one) => one !== waiter)
      waiter.wake()
      await turn()
      return true
    },
  }
}
