// A state grows with its topics: completely, or not at all until the next start.
import assert from 'node:assert/strict'
import { existsSync, renameSync } from 'node:fs'
import { test } from 'node:test'
import { createShutdownFlag } from '../../src/process/shutdown.ts'
import { createReader } from '../../src/process/state-reading.ts'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { growState, readGrowth } from '../../state/growth.ts'
import { loadPartition } from '../../state/partition.ts'
import { partitionDirectory } from '../../state/store.ts'
import { openStores, type StateStores } from '../../state/writer.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from './stores.ts'

const open = (directory: string): Promise<StateStores> =>
  openStores(directory, { ...OPTIONS, partitions: { ofNew: 2 } }, 'test')

const sizes = (numbers: Record<string, number>): ReadonlyMap<string, number> =>
  new Map(Object.entries(numbers))

function addRow({ stores }: StateStores, at: number): void {
  const partition = loadPartition(stores[at])
  apply(
    partition,
    batchOf(Float64Array.of(33_600_000_001), () => 0.5),
  )
  commitPartition(partition, 10)
}

/** Runs `work` with an open state of two partitions with rows, which is closed afterwards. */
const withState = (work: (state: StateStores, directory: string) => Promise<void> | void) =>
  withDirectory(async (directory) => {
    const state = await open(directory)
    for (const store of state.stores) {
      const partition = loadPartition(store)
      apply(
        partition,
        batchOf(someSubscribers(33_600_000_000, 90, 50, seededRandom(3)), () => 0.5),
      )
      commitPartition(partition, 10)
    }
    try {
      await work(state, directory)
    } finally {
      await state.close()
    }
  })

test('a growth that is cut off before any write is finished by the next start', () =>
  withDirectory(async (parent) => {
    // Two new partitions; then four stamps.
    for (let writes = 0; writes <= 4; writes++) {
      const directory = `${parent}/${writes}`
      const state = await open(directory)
      const first = loadPartition(state.stores[0])
      apply(
        first,
        batchOf(someSubscribers(33_600_000_000, 90, 50, seededRandom(3)), () => 0.5),
      )
      commitPartition(first, 10)
      let left = writes
      for (const store of state.stores) {
        store.requireLock = () => assert.ok(left-- > 0, 'cut off')
      }
      const grow = () => growState(state, sizes({ a: 4 }))
      if (writes < 4) assert.throws(grow, /cut off/)
      else grow()
      await state.close()
      const again = await open(directory)
      assert.equal(again.stores.length, writes < 4 ? 2 : 4)
      const grown = growState(again, sizes({ a: 4 }))
      assert.deepEqual(grown, writes < 4 ? [{ topic: 'a', before: 2, now: 4 }] : [])
      assert.deepEqual(growState(again, sizes({ a: 4 })), [])
      assert.deepEqual(readGrowth(again), { madeWith: 2, topics: { a: [2, 4] } })
      await again.close()
      const { applied, subscribers } = await readBack(directory)
      assert.deepEqual([applied, subscribers.length > 0], [50, true])
    }
  }))

test('topics grow one after another, and a topic with fewer partitions than before is refused', () =>
  withState((state, directory) => {
    assert.deepEqual(growState(state, sizes({ a: 2, b: 2 })), [])
    assert.equal(readGrowth(state), null)
    assert.throws(() => growState(state, sizes({ a: 1 })), /--partitions 2 \(asked for: 1\)/)
    assert.deepEqual(growState(state, sizes({ a: 4, b: 2 })), [{ topic: 'a', before: 2, now: 4 }])
    assert.deepEqual(growState(state, sizes({ a: 4, b: 3 })), [{ topic: 'b', before: 2, now: 3 }])
    assert.deepEqual(readGrowth(state)?.topics, { a: [2, 4], b: [2, 3] })
    assert.equal(state.stores.length, 4)
    for (const fewer of [sizes({ a: 3 }), sizes({ b: 2 }), sizes({ new: 3 })]) {
      assert.throws(() => growState(state, fewer), { code: 'state-options' })
    }
    // A topic that comes to a grown state has not grown itself.
    assert.deepEqual(growState(state, sizes({ new: 5 })), [])
    assert.deepEqual(readGrowth(state)?.topics.new, [5])
    assert.equal(existsSync(partitionDirectory(directory, 4)), true)
    assert.equal(existsSync(partitionDirectory(directory, 5)), false)
  }))

test('the threads that read a state follow', () =>
  withState((state, directory) => {
    const inView = createReader(directory, createShutdownFlag())
    const seen = () => inView((view) => [view.partitions.length, view.counters.applied])
    assert.deepEqual(seen(), [2, 100])
    growState(state, sizes({ a: 3 }))
    addRow(state, 2)
    assert.deepEqual(seen(), [3, 101])
  }))

test('rows of another state in a new partition are not taken over', () =>
  withDirectory(async (directory) => {
    await (await open(directory)).close()
    // As after a restore of the first partitions only.
    const former = await open(`${directory}/former`)
    growState(former, sizes({ a: 3 }))
    addRow(former, 2)
    await former.close()
    renameSync(partitionDirectory(`${directory}/former`, 2), partitionDirectory(directory, 2))
    const state = await open(directory)
    assert.throws(() => growState(state, sizes({ a: 3 })), { code: 'state-corrupt' })
    await state.close()
  }))
