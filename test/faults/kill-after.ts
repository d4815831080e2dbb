// A kill at a chosen moment: random moments are what these rows are about.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from '../e2e/command.ts'

/** Kills a command after a time, unless it ends before. */
export async function killAfter(running: Running, afterMs: number): Promise<void> {
  const waiting = new AbortController()
  const slept = sleep(afterMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([slept, running.ended])
  waiting.abort()
  running.kill()
}
