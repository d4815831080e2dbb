// Merges async generators into one: values in the order in which they come, sources in turn.

type Settled<T> =
  { source: AsyncGenerator<T>; result: IteratorResult<T, unknown> } | { error: unknown }

/**
 * Yields the values of all sources. A source is resumed after its value was consumed, so each has
 * at most one value waiting, and one that always has a value does not hold up the others.
 *
 * @param newSources returns the sources that have been added since the last call; called often
 * @param tickMs null is yielded when nothing came for this time, rarely also sooner
 * @throws what a source throws
 */
export async function* mergeSources<T>(
  newSources: () => Iterable<AsyncGenerator<T>>,
  tickMs: number,
): AsyncGenerator<T | null> {
  const settled: Settled<T>[] = []
  let wake = Promise.withResolvers<undefined>()
  const settle = (one: Settled<T>): void => {
    settled.push(one)
    wake.resolve(undefined)
  }
  const resume = (source: AsyncGenerator<T>): void => {
    source.next().then(
      (result) => settle({ source, result }),
      (error: unknown) => settle({ error }),
    )
  }
  const timer = setInterval(() => wake.resolve(undefined), tickMs)
  try {
    for (;;) {
      for (const source of newSources()) resume(source)
      const first = settled.shift()
      if (first === undefined) {
        await wake.promise
        wake = Promise.withResolvers()
        if (settled.length === 0) yield null
      } else if ('error' in first) throw first.error
      else if (first.result.done !== true) {
        yield first.result.value
        resume(first.source)
      }
    }
  } finally {
    clearInterval(timer)
  }
}
