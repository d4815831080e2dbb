// Stop signals: the first drains, the second ends the process immediately. Without listeners, as
// before a command has begun, the first one ends it.
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { printNote } from '../plain-text.ts'

/** The signals that stop a command. */
export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What a command knows of the signals that it received. */
export interface Signals {
  /** The first signal, or null. */
  received(): StopSignal | null
  /** Removes the listeners: from now on a signal ends the process. */
  release(): void
}

/**
 * Time in which work that has not begun may still begin, and then drain. It is short: nothing is
 * lost with work that has not begun.
 */
const BEGIN_MS = 1000

/** A thread that answers nothing for this time is in an endless loop, or its volume does not answer. */
const LONGEST_SILENCE_MS = 10_000
/** A drain commits, leaves the group and ends threads, which takes seconds. A crash loses nothing, either. */
const LONGEST_DRAIN_MS = 60_000

/** What is known of the work that a signal drains. */
export interface Draining {
  /**
   * False while there is nothing to drain (connecting, opening, inspecting): then the first signal
   * ends the process a second later, unless it has begun or ended by then.
   */
  hasBegun?: () => boolean
  /** Milliseconds since the work has answered. */
  silentMs?: () => number
  /** Receives a sentence when the process ends before the work has: stderr by default. */
  onGivenUp?: (why: string) => void
}

/**
 * Calls `drain` at the first SIGINT or SIGTERM; the second one ends the process, and so does a drain
 * that does not end in time.
 */
export function onSignals(
  drain: (signal: StopSignal) => void,
  { hasBegun = () => true, silentMs = () => 0, onGivenUp = printNote }: Draining = {},
): Signals {
  let first: StopSignal | null = null
  let timer: NodeJS.Timeout | undefined
  const end = (signal: StopSignal): void => {
    release()
    endBySignal(signal)
  }
  const listener = (signal: NodeJS.Signals): void => {
    if (first !== null) {
      end(signal as StopSignal)
      return
    }
    const stop = signal as StopSignal
    first = stop
    drain(stop)
    const since = performance.now()
    timer = setInterval(() => {
      const why = hasBegun() ? overdue(silentMs(), performance.now() - since) : null
      if (why !== null)
        onGivenUp(`${why}; the process ends now, and what is not durable is done again`)
      if (why !== null || !hasBegun()) end(stop)
    }, BEGIN_MS)
  }
  const release = (): void => {
    clearInterval(timer)
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return { received: () => first, release }
}

/** Why a drain is not waited for any longer; null while it is. */
function overdue(silentMs: number, drainingMs: number): string | null {
  if (silentMs > LONGEST_SILENCE_MS) {
    return `the work has not answered for ${Math.round(silentMs / 1000)} seconds`
  }
  if (drainingMs <= LONGEST_DRAIN_MS) return null
  return `the work has not ended within ${LONGEST_DRAIN_MS / 1000} seconds of the signal`
}

/**
 * Ends the process by a signal with its default action: process.exit() would terminate threads
 * inside LMDB, and LMDB's binding would abort.
 */
export function endBySignal(signal: StopSignal): void {
  process.kill(process.pid, signal)
}

/**
 * Runs `work`, which a signal aborts. When it has cleaned up after itself, the signal ends the
 * process.
 */
export async function untilSignal<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const signals = onSignals(() => stop.abort())
  try {
    return await work(stop.signal)
  } catch (error) {
    const signal = signals.received()
    if (signal === null) throw error
    signals.release()
    endBySignal(signal)
    // The signal arrives within the next turns of the event loop.
    return await new Promise<never>(() => undefined)
  } finally {
    signals.release()
  }
}

/**
 * The exit code of work that is done, or that a signal stopped before its end: then it is the one by
 * which shells report the signal, 130 for SIGINT and 143 for SIGTERM.
 */
export const exitCodeAfter = (done: boolean, signal: StopSignal | null): number =>
  done || signal === null ? 0 : 128 + constants.signals[signal]
