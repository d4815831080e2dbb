// Errors that do not end the run: counted by kind, and handed to the main thread, which logs them.
import { performance } from 'node:perf_hooks'
import { shorten } from '../../src/errors.ts'
import { zeros } from '../../state/partition-metadata.ts'
import { CONSUMER_ERRORS, type ConsumerError, type Warning } from './progress.ts'

/** The errors of a run. */
export interface Warnings {
  /** Errors since the start, by kind. */
  counts: Record<string, number>
  /** Sentences that are not logged yet; emptied when they are reported. */
  waiting: Warning[]
  /**
   * Counts an error and logs its sentence, as an error for `gap` and `paused`, else as a warning.
   */
  error: (kind: ConsumerError, message: string) => void
  /** Logs a sentence as a warning that is not an error. */
  warn(message: string): void
  /** Logs a sentence. */
  info(message: string): void
}

/** A repeated message is logged once in this time. */
const QUIET_MS = 30_000
/** Bound of the messages that wait, if the main thread takes none. */
const MAX_WAITING = 100

/** Letters of a sentence; one may name columns, schemas and files, which have names of any length. */
const MOST_LETTERS = 4000

/** Creates counters at 0. */
export function createWarnings(): Warnings {
  const loggedAt = new Map<string, number>()
  const log = (level: Warning['level'], sentence: string): void => {
    const message = shorten(sentence, MOST_LETTERS)
    const now = performance.now()
    if (now - (loggedAt.get(message) ?? -Infinity) < QUIET_MS) return
    if (loggedAt.size > MAX_WAITING) loggedAt.clear()
    loggedAt.set(message, now)
    if (warnings.waiting.length < MAX_WAITING) warnings.waiting.push({ level, message })
  }
  const warnings: Warnings = {
    counts: zeros(CONSUMER_ERRORS),
    waiting: [],
    error(kind, message) {
      warnings.counts[kind]++
      log(kind === 'gap' || kind === 'paused' ? 'error' : 'warn', message)
    },
    warn: (message) => log('warn', message),
    info: (message) => log('info', message),
  }
  return warnings
}
