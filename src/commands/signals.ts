// The first signal drains, the second ends at once.

/** Calls `drain` at the first SIGINT or SIGTERM; returns how to stop listening. */
export function onSignals(drain: () => void): () => void {
  let signals = 0
  const listener = (): void => {
    signals++
    if (signals > 1) process.exit(1)
    drain()
  }
  process.on('SIGINT', listener)
  process.on('SIGTERM', listener)
  return () => {
    process.off('SIGINT', listener)
    process.off('SIGTERM', listener)
  }
}
