// Merges async generators into one: values in the order in which they come, sources in turn.

type Settled<T> =
  { source: AsyncGenerator<T>; result: IteratorResult<T, unknown> } | { error: unknown }

/**
 * Yields the values of all sources. A source is resumed after its value was consumed, so each has
 * at most one value waiting, and one that always has a value does not hold up the others.
 *
 * @param newSources returns the sources that have been added since the last call; called often
 * @param waitMs returns the time after which null is yielded when nothing came
 * @throws what a source throws
 */
export async function* mergeSources<T>(
  newSources: () => Iterable<AsyncGenerator<T>>,
  waitMs: () => number,
): AsyncGenerator<T | null> {
  const settled: Settled<T>[] = []
  let wake: () => void = () => undefined
  const settle = (one: Settled<T>): void => {
    settled.push(one)
    wake()
  }
  const resume = (source: AsyncGenerator<T>): void => {
    source.next().then(
      (result) => settle({ source, result }),
      (error: unknown) => settle({ error }),
    )
  }
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs())
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  for (;;) {
    for (const source of newSources()) resume(source)
    const first = settled.shift()
    if (first === undefined) {
      await wait()
      if (settled.length === 0) yield null
    } else if ('error' in first) throw first.error
    else if (first.result.done !== true) {
      yield first.result.value
      resume(first.source)
    }
  }
}
