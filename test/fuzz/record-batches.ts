// Random record batches of all codecs, damaged behind a right checksum.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { crc32c } from '../../src/kafka/client.ts'
import { headerOf, headersOf, placeOfHeader } from '../../src/kafka/headers.ts'
import { checkBatch, nextRecord, openRecords, readBatch } from '../../src/kafka/record-batch.ts'
import { MOST_UNPACKED_BYTES } from '../../src/kafka/unpack/unpack.ts'
import { batchBytes } from '../kafka/batches.ts'
import { aBatch } from '../kafka/batches-random.ts'
import { fuzzer, mutated, type Fuzzer, type Reach } from './fuzz.ts'

const HEADER_BYTES = 61
const NAME = Buffer.from('__value_schema_id')

/** Batches whose records are damaged before or after they are packed. */
export const fuzzRecordBatches: Fuzzer = fuzzer((g, reach) => {
  const batch = g(() => aBatch)
  const { pack = (bytes: Buffer) => bytes } = batch
  const isBefore = g(fc.boolean)
  const bytes = batchBytes({
    ...batch,
    pack: (records) => (isBefore ? pack(mutated(g, records)) : mutated(g, pack(records))),
  })
  if (g(fc.boolean)) {
    const at = g(fc.integer, { min: 21, max: HEADER_BYTES - 1 })
    bytes[at] = g(fc.nat, { max: 255 })
  }
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  const read = readBatch(bytes, 0, bytes.length)
  assert.ok(read !== null, 'the batch is complete')
  const fault = checkBatch(bytes, read)
  if (fault !== null) {
    reach('batches refused')
    return
  }
  const cursor = openRecords(bytes, read)
  if (typeof cursor === 'string') {
    reach('batches that do not unpack')
    return
  }
  assert.ok(cursor.bytes.length <= MOST_UNPACKED_BYTES)
  readRecords(cursor, reach)
})

function readRecords(cursor: Exclude<ReturnType<typeof openRecords>, string>, reach: Reach): void {
  for (let found = nextRecord(cursor); found !== 0; found = nextRecord(cursor)) {
    if (found < 0) {
      reach('records that do not fit')
      return
    }
    const { bytes, offset, timestampMs, keyFrom, keyTo, valueFrom, valueTo, at } = cursor
    assert.ok(offset >= cursor.baseOffset && offset <= cursor.lastOffset, `offset ${offset}`)
    assert.ok(Number.isFinite(timestampMs), `time ${timestampMs}`)
    assert.ok(keyFrom <= keyTo && valueFrom <= valueTo && valueTo < at && at <= bytes.length)
    headersOf(bytes, valueTo)
    headerOf(bytes, valueTo, 'xdr-source')
    placeOfHeader(bytes, valueTo, NAME)
    reach('records')
  }
  reach('batches read')
}
