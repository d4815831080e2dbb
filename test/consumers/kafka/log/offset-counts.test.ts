// Offsets without a row: records that were read before count once, and holes show compaction.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countDuplicates, countHoles } from '../../../../consumers/kafka/log/offset-counts.ts'
import { readBatch } from '../../../../src/kafka/record-batch.ts'
import { batchBytes } from '../../../kafka/batches.ts'

/** A batch from offset 10 to `lastOffset` with records at some offsets. */
function batchOf(lastOffset: number, offsets: readonly number[], attributes = 0) {
  const record = { timestampMs: 0, key: null, value: Buffer.from('{}') }
  const records = offsets.map((offset) => ({ ...record, offset }))
  const bytes = batchBytes({ baseOffset: 10, lastOffset, producerId: -1, attributes, records })
  return readBatch(bytes, 0, bytes.length)!
}

test('a record that is fetched again in the same run is not a duplicate again', () => {
  const counters = { rows: 0, duplicate: 0 }
  const log = { countedTo: 0 }
  // The position of the state is 7: the batch from 5 on is fetched whole.
  for (const offset of [5, 6]) countDuplicates(counters, log, 1, offset)
  // Rows 7 and 8 are applied, then a schema is waited for, and the batch comes again.
  log.countedTo = 9
  for (const offset of [5, 6, 7, 8]) countDuplicates(counters, log, 1, offset)
  assert.deepEqual(counters, { rows: 2, duplicate: 2 })
})

test('holes are counted in a batch and before it, not for markers and for a batch read in part', () => {
  const holesOf = (batch: ReturnType<typeof batchOf>, next: number): number => {
    const log = { holes: 0, searchedTo: 0 }
    countHoles(log, batch, next)
    return log.holes
  }
  assert.equal(holesOf(batchOf(12, [10, 11, 12]), 10), 0)
  assert.equal(holesOf(batchOf(14, [10, 13]), 10), 3)
  assert.equal(holesOf(batchOf(12, [10, 11, 12]), 8), 2)
  assert.equal(holesOf(batchOf(14, [10, 13]), 11), 0, 'counted when it was read first')
  const log = { holes: 0, searchedTo: 0 }
  for (let times = 0; times < 2; times++) countHoles(log, batchOf(14, [10, 13]), 10)
  assert.equal(log.holes, 3, 'a batch that is only looked at first is searched once')
})
