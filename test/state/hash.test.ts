// The canonical hash covers the content of a state, not how the content is stored.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { openState } from '../../state/writer.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS } from './stores.ts'

const SUBSCRIBERS = Float64Array.from({ length: 3000 }, (_, i) => 33_600_000_000 + ((i * 7) % 2000))

/**
 * Hash of a state of the same records, in commits of `rows`. A partition gets the subscribers of one
 * remainder, or every nth record.
 */
async function hashOf(
  partitions: number,
  rows: number,
  change?: number,
  by: 'subscriber' | 'record' = 'subscriber',
): Promise<string> {
  return withDirectory(async (directory) => {
    const state = await openState(directory, { ...OPTIONS, partitions }, 'test')
    const whole = batchOf(SUBSCRIBERS, seededRandom(5))
    if (change !== undefined) whole.amounts[2][change]++
    for (let from = 0; from < whole.count; from += rows) {
      for (const partition of state.partitions) {
        const mine: number[] = []
        for (let i = from; i < Math.min(whole.count, from + rows); i++) {
          const number = by === 'record' ? i : whole.subscriber[i]
          if (number % partitions === partition.store.partition) mine.push(i)
        }
        const pick = (values: Float64Array): Float64Array =>
          Float64Array.from(mine, (i) => values[i])
        apply(partition, {
          count: mine.length,
          capacity: mine.length,
          subscriber: pick(whole.subscriber),
          session: Uint8Array.from(mine, (i) => whole.session[i]),
          startMs: pick(whole.startMs),
          endMs: pick(whole.endMs),
          amounts: whole.amounts.map(pick),
        })
        commitPartition(partition, 10)
      }
    }
    await state.close()
    return (await readBack(directory)).hash
  })
}

test('the same records have the same hash in any partitions and commits', async () => {
  const whole = await hashOf(1, 3000)
  assert.match(whole, /^[0-9a-f]{64}$/)
  assert.equal(await hashOf(1, 500), whole)
  assert.equal(await hashOf(3, 3000), whole)
  assert.equal(await hashOf(5, 700), whole)
})

test('a subscriber whose records are in several partitions is one aggregate of the hash', async () => {
  assert.equal(await hashOf(3, 700, undefined, 'record'), await hashOf(1, 3000))
})

test('one byte more of one record is another hash', async () => {
  assert.notEqual(await hashOf(1, 3000, 1234), await hashOf(1, 3000))
})
