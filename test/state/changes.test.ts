// The rows that changed after a commit are those of a full scan that differ from it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/random.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { changedBlocks } from '../../state/changes.ts'
import { commitPartition } from '../../state/commit.ts'
import type { Partition } from '../../state/partition.ts'
import { beginRead, openPartition, type PartitionStore } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS, rowOf, someSubscribers } from './stores.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const FIRST = 33_600_000_000

const aCase = fc.record({
  seed: fc.nat(),
  subscribers: fc.constantFrom(4000, 40_000, 40_000),
  commits: fc.array(
    fc.record({ records: fc.constantFrom(0, 1, 50, 3000), share: fc.constantFrom(0.01, 1, 1) }),
    { minLength: 4, maxLength: 12 },
  ),
})

/** The number of the commit that a slot changed in last, by slot, and its row then. */
interface History {
  changedIn: number[]
  rows: number[][]
}

/** Notes the rows that differ from those before. */
function note({ changedIn, rows }: History, { table, counters }: Partition): void {
  for (let slot = 0; slot < table.count; slot++) {
    const row = rowOf(table, slot)
    if (row.every((value, i) => value === rows[slot]?.[i])) continue
    rows[slot] = row
    changedIn[slot] = counters.commit
  }
}

/** Asserts what a walk from `since` on visits; returns how many slots it leaves out. */
function checkWalk(store: PartitionStore, { changedIn, rows }: History, since: number): number {
  const seen = new Set<number>()
  const { transaction, finish } = beginRead(store)
  for (const block of changedBlocks(store, transaction, rows.length, since)) {
    for (let i = 0; i < block.count; i++) {
      const at = i * WIDTH
      if (block.rows[at + FIELD.records] === 0) continue
      const slot = block.first + i
      assert.ok(!seen.has(slot), `slot ${slot} comes once`)
      seen.add(slot)
      const isPresent = rows[slot].every((value, field) => value === block.rows[at + field])
      assert.ok(isPresent, `slot ${slot} has its present row after commit ${since}`)
    }
  }
  finish()
  for (const [slot, commit] of changedIn.entries()) {
    if (commit > since) assert.ok(seen.has(slot), `slot ${slot} changed in ${commit} > ${since}`)
  }
  return rows.length - seen.size
}

test('a walk from any commit on has each row that changed since, as it is now, once', async (t) => {
  t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
  let left = 0
  const property = fc.asyncProperty(aCase, ({ seed, subscribers, commits }) =>
    withDirectory(async (directory) => {
      const random = seededRandom(seed)
      const state = await openState(directory, OPTIONS, 'test')
      const [partition] = state.partitions
      const history: History = { changedIn: [], rows: [] }
      const half = someSubscribers(FIRST, subscribers, subscribers / 2, random)
      apply(partition, batchOf(half, random))
      commitPartition(partition, 0)
      note(history, partition)
      const reading = openPartition(directory, 0, 'read')
      for (const { records, share } of commits) {
        const below = Math.ceil(subscribers * share)
        apply(partition, batchOf(someSubscribers(FIRST, below, records, random), random))
        commitPartition(partition, 0)
        note(history, partition)
        const { commit } = partition.counters
        const since = Math.floor(random() * (commit + 2)) - 1
        for (const one of [since, commit - 1, -1]) left += checkWalk(reading, history, one)
        assert.equal(checkWalk(reading, history, commit), history.rows.length)
      }
      await reading.environment.close()
      await state.close()
    }),
  )
  await fc.assert(property, { numRuns: Number(process.env.XDR_PULSE_CHANGE_RUNS ?? 4), seed: SEED })
  assert.ok(left > 0, 'some walks leave out what has not changed')
})
