// What the next request asks for: the end of a response that is applied, else the position again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  adaptSize,
  createFetchSize,
  endsOf,
  shrinkSize,
} from '../../../../consumers/kafka/log/fetch-request.ts'
import { createLogPartition } from '../../../../consumers/kafka/log/partition.ts'
import type { FetchedPartition } from '../../../../src/kafka/fetch.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import type { Partition } from '../../../../state/partition.ts'
import { batchBytes } from '../../../kafka/batches.ts'

const SLOW_MS = 8000

function logAt(number: number, next: number) {
  const source = { name: 'xdr', kind: 'topic', rows: 0, order: 'offset' } as const
  const position = createPosition({ ...source, durationUnit: 'ms', evidence: '' }, next)
  // Requests touch no state.
  return createLogPartition('xdr', number, null as unknown as Partition, 'source', position)
}

const fetched = (partition: number, batches: readonly [number, number][]): FetchedPartition => ({
  ...{ partition, errorCode: 0, endOffset: 100, stableOffset: 100, logStartOffset: 0 },
  ...{ divergingOffset: -1, aborted: [], preferredReplica: -1 },
  records: Buffer.concat(
    batches.map(([baseOffset, lastOffset]) => batchBytes({ baseOffset, lastOffset, records: [] })),
  ),
})

test('a log is read from the end of the last whole batch', () => {
  const log = logAt(0, 10)
  const asked = new Map([[0, { log, offset: 10 }]])
  const whole = fetched(0, [
    [10, 19],
    [20, 24],
  ])
  assert.equal(endsOf(asked, [whole]).get(log), 25)
  const cut = { ...whole, records: whole.records.subarray(0, whole.records.length - 1) }
  assert.equal(endsOf(asked, [cut]).get(log), 20)
  assert.equal(endsOf(asked, [fetched(0, [])]).get(log), undefined)
})

test('a response that will be dropped does not move the next request', () => {
  const [stopped, other] = [logAt(0, 15), logAt(1, 5)]
  const asked = new Map([
    [0, { log: stopped, offset: 20 }],
    [1, { log: other, offset: 5 }],
  ])
  const ends = endsOf(asked, [fetched(0, [[20, 29]]), fetched(1, [[5, 9]])])
  assert.equal(ends.get(stopped), undefined)
  assert.equal(ends.get(other), 10)
})

test('requests shrink after slow or failed responses, and grow back after fast ones', () => {
  const size = createFetchSize({
    ...{ rack: '', maxBytes: 2 ** 24, maxPartitionBytes: 2 ** 22, maxWaitMs: 100 },
  })
  const most = size.bytes
  adaptSize(size, SLOW_MS + 1)
  assert.equal(size.bytes, most / 2)
  adaptSize(size, SLOW_MS - 1)
  assert.equal(size.bytes, most / 2, 'neither slow nor fast')
  shrinkSize(size)
  assert.equal(size.bytes, most / 16)
  for (let n = 0; n < 10; n++) shrinkSize(size)
  assert.ok(size.bytes > 0 && size.bytes < most / 100)
  for (let n = 0; n < 20; n++) adaptSize(size, 1)
  assert.equal(size.bytes, most)
})
