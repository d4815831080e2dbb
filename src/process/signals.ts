// Stop signals: the first drains, the second ends the process immediately. Without listeners, as
// before a command has begun, the first one ends it.
import { constants } from 'node:os'

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

/**
 * Calls `drain` at the first SIGINT or SIGTERM; the second one ends the process.
 *
 * @param hasBegun false while there is nothing to drain (connecting, opening, inspecting): then the
 *   first signal ends the process a second later, unless it has begun or ended by then
 */
export function onSignals(
  drain: (signal: StopSignal) => void,
  hasBegun: () => boolean = () => true,
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
    timer = setTimeout(() => {
      if (!hasBegun()) end(stop)
    }, BEGIN_MS)
  }
  const release = (): void => {
    clearTimeout(timer)
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return { received: () => first, release }
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
