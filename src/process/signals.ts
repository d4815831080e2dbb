// Signals: the first drains, the second ends the process immediately.

/**
 * Calls `drain` at the first SIGINT or SIGTERM; the second one ends the process. Returns a function
 * that removes the listeners.
 */
export function onSignals(drain: () => void): () => void {
  const release = (): void => {
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
  let signals = 0
  const listener = (signal: NodeJS.Signals): void => {
    signals++
    if (signals === 1) {
      drain()
      return
    }
    // Re-raise with the default action: process.exit() would terminate threads inside LMDB, and
    // LMDB's binding would abort.
    release()
    process.kill(process.pid, signal)
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return release
}
