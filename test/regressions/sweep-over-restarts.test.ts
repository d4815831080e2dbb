// Each run began its sweep at the first block: the journal grew with every run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS } from '../state/stores.ts'

const SUBSCRIBERS = 40_000
const RUNS = 25

test('over runs of one commit each the journal stays bounded', async () => {
  await withDirectory(async (directory) => {
    const random = seededRandom(1)
    const entries: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const state = await openState(directory, OPTIONS, 'test')
      const [partition] = state.partitions
      // The first run creates all subscribers, each later one changes every tenth, in all blocks.
      const step = run === 0 ? 1 : 10
      const count = SUBSCRIBERS / step
      const batch = batchOf(
        Float64Array.from({ length: count }, (_, i) => 1 + i * step + (run % step)),
        random,
      )
      apply(partition, batch)
      commitPartition(partition, 0)
      entries.push(partition.sweep.journal.length)
      await state.close()
    }
    assert.ok(
      Math.max(...entries) < RUNS / 2,
      `entries of the journal by run: ${entries.join(' ')}`,
    )
  })
})
