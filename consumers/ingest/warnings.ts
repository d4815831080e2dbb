// Trouble that does not end the run: counted by kind, and told to the main thread to be logged.
import { performance } from 'node:perf_hooks'
import { zeros } from '../../state/partition-metadata.ts'
import { CONSUMER_ERRORS, type ConsumerError, type Warning } from './progress.ts'

export interface Warnings {
  /** Since the start. */
  counts: Record<string, number>
  /** Not told yet; emptied by whoever tells them. */
  waiting: Warning[]
  error: (kind: ConsumerError, message: string) => void
  info(message: string): void
}

/** What is said again and again is said once in this time. */
const QUIET_MS = 30_000
/** Of different messages that nobody fetches. */
const MOST_WAITING = 100

/** No trouble yet. */
export function createWarnings(): Warnings {
  const said = new Map<string, number>()
  const say = (level: Warning['level'], message: string): void => {
    const now = performance.now()
    if (now - (said.get(message) ?? -Infinity) < QUIET_MS) return
    if (said.size > MOST_WAITING) said.clear()
    said.set(message, now)
    if (warnings.waiting.length < MOST_WAITING) warnings.waiting.push({ level, message })
  }
  const warnings: Warnings = {
    counts: zeros(CONSUMER_ERRORS),
    waiting: [],
    error(kind, message) {
      warnings.counts[kind]++
      say(kind === 'gap' || kind === 'paused' ? 'error' : 'warn', message)
    },
    info: (message) => say('info', message),
  }
  return warnings
}
