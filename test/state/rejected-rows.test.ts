// Rejected rows are kept up to a number and up to a size, and read back in order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitPartition } from '../../state/commit.ts'
import { rejectedKey } from '../../state/keys.ts'
import type { Partition } from '../../state/partition.ts'
import type { RejectedRow } from '../../state/partition-metadata.ts'
import { openStateToRead, readRejected } from '../../state/read.ts'
import { openState } from '../../state/writer.ts'
import { withDirectory } from '../state-directory.ts'
import { OPTIONS, reload } from './stores.ts'

const SOURCE = 'ab'.repeat(16)
const KEEP = 1000
/** Bytes of rejected rows that a partition keeps. */
const LIMIT = 2 ** 28

const reject = (
  { rejected }: Partition,
  row: number,
  { bytes = 1, source = SOURCE }: { bytes?: number; source?: string },
): void => void rejected.push({ source, row, reason: 'footer', raw: 'x'.repeat(bytes) })

async function read(directory: string, limit: number): Promise<RejectedRow[]> {
  const state = openStateToRead(directory)
  const rows = readRejected(state, limit)
  await state.close()
  return rows
}

/** Row numbers and sizes of the rejected rows that a state has kept. */
const kept = async (directory: string): Promise<[number, number][]> =>
  (await read(directory, KEEP)).map(({ row, raw }) => [row, raw.length])

test('rejected rows beyond 2^28 bytes are counted but not kept', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    // Pretends that the rows kept so far have nearly that many bytes.
    partition.counters.rejectedKeptBytes = LIMIT - 100
    for (const [row, bytes] of [60, 41, 40, 1].entries()) reject(partition, row, { bytes })
    commitPartition(partition, KEEP)
    assert.deepEqual(await kept(directory), [
      [0, 60],
      [2, 40],
    ])
    assert.equal(partition.counters.rejectedKept, 2)
    assert.equal(partition.counters.rejectedKeptBytes, LIMIT)

    // A row that is removed makes room for its bytes.
    partition.reprocessed.push({ key: rejectedKey(SOURCE, 0), bytes: 60 })
    reject(partition, 4, { bytes: 61 })
    reject(partition, 5, { bytes: 60 })
    commitPartition(partition, KEEP)
    assert.deepEqual(await kept(directory), [
      [2, 40],
      [5, 60],
    ])
    await state.close()
    const { counters } = await reload(directory)
    assert.deepEqual([counters.rejectedKept, counters.rejectedKeptBytes], [2, LIMIT])
  }))

test('rejected rows are listed in order of source and row, over all partitions', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, { ...OPTIONS, partitions: 2 }, 'test')
    const [low, high] = ['0a'.repeat(16), 'f0'.repeat(16)]
    // Above 2^32, as offsets of a topic may be.
    const far = 2 ** 32 + 3
    const [first, second] = state.partitions
    for (const row of [7, far]) reject(first, row, { source: high })
    reject(first, 5, { source: low })
    for (const row of [3, 9]) reject(second, row, { source: high })
    for (const row of [4, 6]) reject(second, row, { source: low })
    for (const partition of state.partitions) commitPartition(partition, KEEP)
    await state.close()
    const expected = [
      ...[4, 5, 6].map((row) => [low, row]),
      ...[3, 7, 9, far].map((row) => [high, row]),
    ]
    const found = async (limit: number) =>
      (await read(directory, limit)).map(({ source, row }) => [source, row])
    assert.deepEqual(await found(KEEP), expected)
    assert.deepEqual(await found(2), expected.slice(0, 2))
  }))
