// Merged sources: each in turn, none ahead of its consumer, and a tick while nothing comes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeSources } from '../../../../consumers/kafka/log/merge.ts'

const HOUR_MS = 3_600_000

/** Hands sources over once. */
const once = <T>(...sources: AsyncGenerator<T>[]) => {
  return (): AsyncGenerator<T>[] => sources.splice(0)
}

/** A source that has always another value. */
async function* endless(name: string, resumed: string[] = []): AsyncGenerator<string> {
  for (let n = 0; ; n++) {
    await Promise.resolve()
    resumed.push(`${name}${n}`)
    yield `${name}${n}`
  }
}

async function first<T>(merged: AsyncGenerator<T>, count: number): Promise<T[]> {
  const found: T[] = []
  for await (const value of merged) {
    if (found.push(value) === count) break
    // While this one is consumed, all sources get their next value.
    await new Promise(setImmediate)
  }
  return found
}

test('sources that always have a value come in turn', async () => {
  const found = await first(
    mergeSources(once(endless('a'), endless('b'), endless('c')), () => HOUR_MS),
    15,
  )
  for (const name of ['a', 'b', 'c']) {
    assert.deepEqual(
      found.filter((value) => value?.startsWith(name)),
      [0, 1, 2, 3, 4].map((n) => `${name}${n}`),
    )
  }
})

test('a source is not resumed before its value was consumed', async () => {
  const resumed: string[] = []
  const merged = mergeSources(once(endless('a', resumed)), () => HOUR_MS)
  assert.equal((await merged.next()).value, 'a0')
  await new Promise(setImmediate)
  assert.deepEqual(resumed, ['a0'])
  assert.equal((await merged.next()).value, 'a1')
  await merged.return(null)
})

test('null is returned while no source has a value, and values after it', async () => {
  const late = Promise.withResolvers<string>()
  async function* waiting(): AsyncGenerator<string> {
    yield await late.promise
  }
  const merged = mergeSources(once(waiting()), () => 1)
  assert.deepEqual(await first3(merged), [null, null, null])
  late.resolve('late')
  for (let value: string | null = null; value !== 'late';) {
    value = (await merged.next()).value as string | null
  }
  await merged.return(null)
})

const first3 = async <T>(merged: AsyncGenerator<T>): Promise<T[]> => [
  (await merged.next()).value as T,
  (await merged.next()).value as T,
  (await merged.next()).value as T,
]

test('sources that are added later are merged too', async () => {
  const added = [endless('a')]
  const merged = mergeSources(
    () => added.splice(0),
    () => HOUR_MS,
  )
  assert.equal((await merged.next()).value, 'a0')
  added.push(endless('b'))
  const found = [await merged.next(), await merged.next(), await merged.next()]
  assert.ok(found.some(({ value }) => value === 'b0'))
  await merged.return(null)
})

test('an error of a source is thrown, a source that ends does not end the others', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield await Promise.resolve('last')
    throw new Error('the source failed')
  }
  async function* empty(): AsyncGenerator<string> {
    // Ends at once.
  }
  const merged = mergeSources(once(empty(), failing()), () => HOUR_MS)
  assert.equal((await merged.next()).value, 'last')
  await assert.rejects(merged.next(), /the source failed/)
})
