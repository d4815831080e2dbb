// `status` of a state that reads a topic: its positions, what is not held, and whether it is consistent.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { createPosition, type SourcePosition } from '../../state/partition-metadata.ts'
import { setHeld } from '../../state/store.ts'
import { openState } from '../../state/writer.ts'
import { pulse } from '../e2e/command.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from '../state/stores.ts'
import { withDirectory } from '../state-directory.ts'

const TOPIC = 'topic-identity'
const RECORDS = 200

interface Status {
  applied: number
  partitionsNotHeld: number[]
  sources: (SourcePosition & { partition: number; held: boolean })[]
  violations: string[]
}

/** A state of three partitions, each with 200 records read from a topic from offset 50 on. */
async function writeState(
  directory: string,
  change: (position: SourcePosition, partition: number) => void = () => undefined,
): Promise<void> {
  const state = await openState(directory, { ...OPTIONS, partitions: 3 }, 'test')
  for (const partition of state.partitions) {
    const number = partition.store.partition
    const known = {
      ...{ name: 'xdr', kind: 'topic' as const, rows: 0, order: 'offset' as const },
      ...{ durationUnit: 's' as const, evidence: 'all rows' },
    }
    const position = createPosition(known, 50)
    Object.assign(position, { applied: RECORDS, rejected: 7, excluded: 2, skipped: 1, next: 260 })
    change(position, number)
    partition.positions.set(TOPIC, position)
    partition.moved.add(TOPIC)
    partition.counters.rejected['invalid-number'] = position.rejected
    apply(partition, batchOf(someSubscribers(1, 90, RECORDS, seededRandom(1)), seededRandom(2)))
    commitPartition(partition, 10)
    setHeld(partition.store, number !== 2)
  }
  await state.close()
}

async function statusOf(directory: string): Promise<{ found: Status; code: number | null }> {
  const { stdout, code } = await pulse(['status', '--state', directory, '--json'])
  return { found: JSON.parse(stdout) as Status, code }
}

describe('a state that reads a topic', () => {
  test('prints position and counts of each partition', async () => {
    await withDirectory(async (directory) => {
      await writeState(directory)
      const { stdout, stderr, code } = await pulse(['status', '--state', directory])
      assert.equal(code, 0, stderr)
      assert.match(
        stdout,
        /^topic +partition +offset +first +applied +rejected +excluded +skipped/m,
      )
      assert.match(stdout, /^xdr +0 +260 +50 +200 +7 +2 +1 +s \(all rows\)$/m)
      assert.match(stdout, /^xdr +2 .*, not held$/m)
      assert.match(stdout, /^not held +partitions 2: read by other members$/m)
      assert.match(stdout, /^consistent +yes$/m)
      assert.doesNotMatch(stdout, /^source /m)
    })
  })

  test('lists partitions that are not held, and leaves them out of its sums', async () => {
    await withDirectory(async (directory) => {
      await writeState(directory)
      const { found, code } = await statusOf(directory)
      assert.equal(code, 0)
      assert.deepEqual(found.partitionsNotHeld, [2])
      assert.equal(found.applied, 2 * RECORDS)
      assert.deepEqual(
        found.sources.map(({ partition, held, next }) => [partition, held, next]),
        [
          [0, true, 260],
          [1, true, 260],
          [2, false, 260],
        ],
      )
      assert.deepEqual(found.violations, [])
    })
  })

  test('that lost a row of its log is named with its numbers, exit code 1', async () => {
    await withDirectory(async (directory) => {
      await writeState(directory, (position, partition) => {
        if (partition > 0) position.rejected -= 1
      })
      const { found, code } = await statusOf(directory)
      assert.equal(code, 1)
      assert.deepEqual(
        found.violations,
        [1, 2].map(
          (partition) =>
            `partition ${partition} of xdr: applied + rejected + excluded + skipped are 209, ` +
            'expected 210, the offsets from 50 to 260',
        ),
      )
      const { stderr, stdout } = await pulse(['status', '--state', directory])
      assert.match(stdout, /^consistent +NO/m)
      assert.match(stderr, /is not consistent: partition 1 of xdr: .*; partition 2/)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
    })
  })

  test('whose sources have other rejected rows than its counters is named, and not opened', async () => {
    await withDirectory(async (directory) => {
      await writeState(directory)
      const options = { ...OPTIONS, partitions: 3 }
      const state = await openState(directory, options, 'test')
      state.partitions[1].counters.rejected['invalid-number'] -= 2
      state.partitions[1].counters.rejectedKept += 1
      commitPartition(state.partitions[1], 10)
      await state.close()
      const { found, code } = await statusOf(directory)
      assert.equal(code, 1)
      assert.deepEqual(found.violations, [
        'partition 1: 0 rejected rows are stored, expected 1',
        'partition 1: its sources have 7 rejected rows, expected 5, the sum over all reasons',
      ])
      await assert.rejects(openState(directory, options, 'test'), {
        code: 'state-corrupt',
        message: /partition-0001 is inconsistent: .* expected 1; .* expected 5, the sum over/,
      })
    })
  })

  test('whose subscribers have a different number of records than were applied is named', async () => {
    await withDirectory(async (directory) => {
      await writeState(directory)
      const state = await openState(directory, { ...OPTIONS, partitions: 3 }, 'test')
      const [partition] = state.partitions
      partition.counters.applied += 3
      partition.moved.add(TOPIC)
      commitPartition(partition, 10)
      await state.close()
      const { found, code } = await statusOf(directory)
      assert.equal(code, 1)
      assert.deepEqual(
        found.violations,
        ['subscribers', 'hours', 'sources'].map(
          (what) =>
            `partition 0: its ${what} have ${RECORDS} records, expected ${RECORDS + 3}, ` +
            'the number of records applied',
        ),
      )
    })
  })
})
