// Transactions in responses built by the test: rows of aborted ones are skipped, others applied.
import { createJsonColumns } from '../../../../consumers/kafka/log/json-columns.ts'
import { NEEDED_COLUMNS } from '../../../../src/record/readable.ts'
import { createTopicUnits } from '../../../../consumers/kafka/log/units.ts'
import { AUTO_UNITS } from '../../../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIngestStats } from '../../../../consumers/ingest/ingest-stats.ts'
import { BATCH_ROWS, createMessageBatch } from '../../../../consumers/kafka/log/message-batch.ts'
import { createFormat } from '../../../../consumers/kafka/log/message-format.ts'
import { createLogPartition } from '../../../../consumers/kafka/log/partition.ts'
import { createLogReader, readFetched } from '../../../../consumers/kafka/log/reader.ts'
import type { FetchedPartition } from '../../../../src/kafka/fetch.ts'
import { XDR_SCHEMA } from '../../../../src/record/xdr-schema.ts'
import { createPosition } from '../../../../state/partition-metadata.ts'
import { openState } from '../../../../state/writer.ts'
import { batchBytes } from '../../../kafka/batches.ts'
import { withDirectory } from '../../../state-directory.ts'
import { OPTIONS } from '../../../state/stores.ts'

const TRANSACTIONAL = 0b010000
const CONTROL = 0b100000
const MARKER_VALUE = Buffer.alloc(6)
const abortKey = Buffer.from([0, 0, 0, 0])
const commitKey = Buffer.from([0, 0, 0, 1])

const row = (msisdn: number): Buffer =>
  Buffer.from(JSON.stringify({ 'MSISDN/Number': msisdn, 'Total DL (Bytes)': 1 }))

/** One batch with a row at each of the offsets from `from` to `to`. */
const rows = (from: number, to: number, producerId = -1): Buffer =>
  batchBytes({
    baseOffset: from,
    lastOffset: to,
    producerId,
    attributes: producerId < 0 ? 0 : TRANSACTIONAL,
    records: Array.from({ length: to - from + 1 }, (_, at) => {
      const offset = from + at
      return { offset, timestampMs: 0, key: null, value: row(33_600_000_000 + offset) }
    }),
  })

/** The marker that ends a producer's transaction. */
const marker = (offset: number, producerId: number, key: Buffer): Buffer =>
  batchBytes({
    ...{ baseOffset: offset, lastOffset: offset, producerId },
    attributes: TRANSACTIONAL | CONTROL,
    records: [{ offset, timestampMs: 0, key, value: MARKER_VALUE }],
  })

/** Reads one response from offset 0; returns the position and the subscribers that were counted. */
async function read(batches: Buffer[], aborted: FetchedPartition['aborted'], now?: () => number) {
  const records = Buffer.concat(batches)
  return withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    try {
      const options = { commitIntervalMs: 0, keepRejected: 10 }
      const stats = createIngestStats({ missingMsisdnZero: false }, options, BATCH_ROWS)
      const format = createFormat({
        ...{ format: 'json', registry: null, schema: XDR_SCHEMA, timeZone: 'UTC' },
        source: { mapped: {} },
        onSchema: () => undefined,
      })
      const known = { durationUnit: 'ms', evidence: '' } as const
      const units = createTopicUnits('xdr', AUTO_UNITS, known, format.texts)
      const json = createJsonColumns('xdr', {}, NEEDED_COLUMNS)
      const batch = { format, partitions: 1, units, json, cutoverMs: null }
      const source = { name: 'xdr', kind: 'topic', rows: 0, order: 'offset' } as const
      const position = createPosition({ ...source, durationUnit: 'ms', evidence: '' }, 0)
      const log = createLogPartition('xdr', 0, state.partitions[0], 'source', position)
      const reader = createLogReader(createMessageBatch(batch, stats), now)
      const [endOffset, stableOffset] = [1000, 1000]
      const fetched = {
        ...{ partition: 0, errorCode: 0, endOffset, stableOffset, logStartOffset: 0 },
        ...{ divergingOffset: -1, preferredReplica: -1, aborted, records },
      }
      assert.equal(readFetched(reader, log, fetched), null)
      const { next, applied, rejected, skipped } = log.position
      return { next, applied, rejected, skipped }
    } finally {
      await state.close()
    }
  })
}

test('an aborted transaction of one record is skipped', async () => {
  const found = await read(
    [rows(0, 0, 7), marker(1, 7, abortKey), rows(2, 4)],
    [{ producerId: 7, firstOffset: 0 }],
  )
  assert.deepEqual(found, { next: 5, applied: 3, rejected: 0, skipped: 2 })
})

test('a transaction after an aborted one of the same producer is applied', async () => {
  const found = await read(
    [rows(0, 2, 7), marker(3, 7, abortKey), rows(4, 6, 7), marker(7, 7, commitKey)],
    [{ producerId: 7, firstOffset: 0 }],
  )
  assert.deepEqual(found, { next: 8, applied: 3, rejected: 0, skipped: 5 })
})

test('an aborted transaction skips its own batches only, not those written meanwhile', async () => {
  const found = await read(
    [
      rows(0, 1, 7),
      rows(2, 3),
      rows(4, 5, 7),
      rows(6, 6, 3),
      marker(7, 7, abortKey),
      rows(8, 8, 7),
    ],
    [{ producerId: 7, firstOffset: 0 }],
  )
  assert.deepEqual(found, { next: 9, applied: 4, rejected: 0, skipped: 5 })
})

test('a response that begins at the marker of an aborted transaction skips nothing after it', async () => {
  // A broker names the transaction up to its marker, although its records are not in the response.
  const found = await read(
    [marker(1, 7, abortKey), rows(2, 4, 7), marker(5, 7, commitKey)],
    [{ producerId: 7, firstOffset: 0 }],
  )
  assert.deepEqual(found, { next: 6, applied: 3, rejected: 0, skipped: 3 })
})

test('a response that takes long to decode is left at a record, and its rows are counted once', async () => {
  // Each look at the clock is a second later.
  let seconds = 0
  const long = rows(0, 9999)
  const { next, applied } = await read([long], [], () => 1000 * seconds++)
  assert.ok(next > 0 && next < 10_000, `position ${next}`)
  assert.equal(applied, next)
})
