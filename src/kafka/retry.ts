// How long a retry loop waits before its next attempt: exponential backoff with jitter.
//
// Without jitter, members that lost the same broker would all come back at the same moments. Half
// of each wait is random ("equal jitter": M. Brooker, Exponential Backoff And Jitter, AWS
// Architecture Blog, 2015): waits grow with every failure and never fall below half of their bound.
import { SYSTEM_CLOCK, type Clock } from '../clock.ts'

/** Bounds of the waits between attempts. */
export interface RetryPolicy {
  firstMs: number
  longestMs: number
}

/**
 * For requests to brokers. Leaders move within a second, and lag grows during a wait: the
 * longest wait is that of Kafka's own clients (`retry.backoff.max.ms`).
 */
export const BROKER_RETRY: RetryPolicy = { firstMs: 200, longestMs: 1000 }
/** For a schema registry and a dead-letter topic, which may be away for hours. */
export const SERVICE_RETRY: RetryPolicy = { firstMs: 200, longestMs: 5000 }

/** The state of one retry loop. */
export interface Backoff {
  policy: RetryPolicy
  /** Failed attempts since the last success. */
  failures: number
  clock: Clock
}

/** A backoff before its first failure. */
export const createBackoff = (policy: RetryPolicy, clock: Clock = SYSTEM_CLOCK): Backoff => ({
  policy,
  failures: 0,
  clock,
})

/** Counts a failure; returns the wait after it in milliseconds. */
export function nextWaitMs(backoff: Backoff): number {
  const { firstMs, longestMs } = backoff.policy
  const waitMs = Math.min(longestMs, firstMs * 2 ** backoff.failures++)
  return (waitMs * (1 + backoff.clock.jitter())) / 2
}

/** Counts a success: the next failure is followed by the first wait. */
export function resetBackoff(backoff: Backoff): void {
  backoff.failures = 0
}

/** Counts a failure and waits; returns early when `signal` is aborted. */
export async function waitToRetry(backoff: Backoff, signal?: AbortSignal): Promise<void> {
  try {
    await backoff.clock.sleep(nextWaitMs(backoff), signal)
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}
