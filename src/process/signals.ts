// The first signal drains, the second ends at once.

/** Calls `drain` at the first SIGINT or SIGTERM; returns how to stop listening. */
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
    // As if nobody listened. To exit would end the threads first: inside LMDB they take that ill.
    release()
    process.kill(process.pid, signal)
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return release
}
