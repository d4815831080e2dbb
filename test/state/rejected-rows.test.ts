// Rejected rows are kept up to a number and up to a size, and read back in order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitPartition } from '../../state/commit.ts'
import { rejectedKey } from '../../state/keys.ts'
import type { Partition } from '../../state/partition.ts'
import { openStateToRead, readRejected } from '../../state/read.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { OPTIONS, reload } from './stores.ts'

const SOURCE = 'ab'.repeat(16)
const KEEP = 1000
/** Bytes of rejected rows that a partition keeps. */
const LIMIT = 2 ** 28

const reject = ({ rejected }: Partition, row: number, bytes: number): void =>
  void rejected.push({ source: SOURCE, row, reason: 'footer', raw: 'x'.repeat(bytes) })

/** Row numbers and sizes of the rejected rows that a state has kept. */
async function kept(directory: string): Promise<[number, number][]> {
  const state = openStateToRead(directory)
  const rows = readRejected(state, KEEP)
  await state.close()
  return rows.map(({ row, raw }) => [row, raw.length])
}

test('rejected rows beyond 2^28 bytes are counted but not kept', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    // As if the rows kept so far had nearly that many bytes.
    partition.counters.rejectedKeptBytes = LIMIT - 100
    for (const [row, bytes] of [60, 41, 40, 1].entries()) reject(partition, row, bytes)
    commitPartition(partition, KEEP)
    assert.deepEqual(await kept(directory), [
      [0, 60],
      [2, 40],
    ])
    assert.equal(partition.counters.rejectedKept, 2)
    assert.equal(partition.counters.rejectedKeptBytes, LIMIT)

    // A row that leaves makes room for as many bytes as it had.
    partition.reprocessed.push({ key: rejectedKey(SOURCE, 0), bytes: 60 })
    reject(partition, 4, 61)
    reject(partition, 5, 60)
    commitPartition(partition, KEEP)
    assert.deepEqual(await kept(directory), [
      [2, 40],
      [5, 60],
    ])
    await state.close()
    const { counters } = await reload(directory)
    assert.deepEqual([counters.rejectedKept, counters.rejectedKeptBytes], [2, LIMIT])
  }))
