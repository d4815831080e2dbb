// Record batches: what was written is read, and what was damaged is never taken for something else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { compressionsAlgorithms, createRecordsBatch } from '../../consumers/kafka-client.ts'
import { checkBatch, headerOf, nextRecord } from '../../consumers/record-batch.ts'
import { openRecords, readBatch, type RecordCursor } from '../../consumers/record-batch.ts'
import { batchBytes, type HandBatch, type HandRecord } from './batches.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const check = <T>(property: fc.IProperty<T>, numRuns: number): void => {
  fc.assert(property, { seed: SEED, numRuns, endOnFailure: true })
}

const CODECS: readonly [number, (bytes: Buffer) => Buffer][] = [
  [0, (bytes) => bytes],
  [1, (bytes) => gzipSync(bytes)],
  [2, (bytes) => compressionsAlgorithms.snappy.compressSync(bytes)],
  [3, (bytes) => compressionsAlgorithms.lz4.compressSync(bytes)],
  [4, (bytes) => zstdCompressSync(bytes)],
]

const someBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const aRecord = fc.record({
  hole: fc.nat({ max: 3 }),
  timestampMs: fc.integer({ min: 0, max: 2 ** 42 }),
  key: fc.option(someBytes),
  value: fc.option(someBytes),
  headers: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }),
})
const aBatch = fc
  .record({
    baseOffset: fc.maxSafeNat().map((offset) => Math.floor(offset / 4)),
    records: fc.array(aRecord, { minLength: 1, maxLength: 20 }),
    codec: fc.constantFrom(...CODECS),
    tail: fc.nat({ max: 5 }),
    flags: fc.constantFrom(0, 0b010000, 0b110000),
    producerId: fc.integer({ min: -1, max: 2 ** 31 }),
    leaderEpoch: fc.nat({ max: 1000 }),
  })
  .map(({ baseOffset, records, codec: [codec, pack], tail, flags, ...rest }): HandBatch => {
    let next = baseOffset
    const placed = records.map(({ hole, ...record }): HandRecord => {
      next += hole + 1
      return { ...record, offset: next - 1 }
    })
    const lastOffset = next - 1 + tail
    return { baseOffset, lastOffset, records: placed, attributes: flags | codec, pack, ...rest }
  })

/** Everything in some bytes; a string is what is wrong. */
function readAll(bytes: Buffer): { records: HandRecord[]; batches: number } | string {
  const records: HandRecord[] = []
  let batches = 0
  for (let at = 0; ; batches++) {
    const batch = readBatch(bytes, at, bytes.length)
    if (batch === null) return { records, batches }
    const fault = checkBatch(bytes, batch)
    if (fault !== null) return fault
    const cursor = openRecords(bytes, batch)
    if (typeof cursor === 'string') return cursor
    for (let found = nextRecord(cursor); found !== 0; found = nextRecord(cursor)) {
      if (found < 0) return 'a record that does not fit'
      records.push(recordAt(cursor))
    }
    at = batch.to
  }
}

function recordAt(cursor: RecordCursor): HandRecord {
  const { bytes, keyFrom, keyTo, valueFrom, valueTo, offset, timestampMs } = cursor
  const cut = (from: number, to: number): Buffer | null =>
    from < 0 ? null : Buffer.from(bytes.subarray(from, to))
  return { offset, timestampMs, key: cut(keyFrom, keyTo), value: cut(valueFrom, valueTo) }
}

const bare = ({ offset, timestampMs, key, value }: HandRecord): HandRecord => {
  return { offset, timestampMs, key, value }
}

test('batches made by hand are read back, holes and headers and all', (t) => {
  t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
  const property = fc.property(fc.array(aBatch, { maxLength: 4 }), (batches) => {
    const bytes = Buffer.concat(batches.map(batchBytes))
    const expected = batches.flatMap(({ records }) => records.map(bare))
    assert.deepEqual(readAll(bytes), { records: expected, batches: batches.length })
    let at = 0
    for (const { lastOffset, attributes = 0, producerId, leaderEpoch, baseOffset } of batches) {
      const batch = readBatch(bytes, at, bytes.length)
      assert.ok(batch !== null)
      assert.deepEqual([batch.baseOffset, batch.lastOffset], [baseOffset, lastOffset])
      assert.deepEqual([batch.producerId, batch.leaderEpoch], [producerId, leaderEpoch])
      assert.equal(batch.transactional, (attributes & 0b010000) !== 0)
      assert.equal(batch.control, (attributes & 0b100000) !== 0)
      at = batch.to
    }
  })
  check(property, 200)
})

test('batches of the package are read back, by every codec', () => {
  const messages = fc.array(
    fc.record({ key: fc.option(someBytes), value: someBytes, ms: fc.nat({ max: 2 ** 31 }) }),
    { minLength: 1, maxLength: 30 },
  )
  const codec = fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd')
  const property = fc.property(messages, codec, (list, compression) => {
    const made = createRecordsBatch(
      list.map(({ key, value, ms }) => {
        return { topic: 't', timestamp: BigInt(ms), value, ...(key === null ? {} : { key }) }
      }),
      { compression, producerId: 5n, producerEpoch: 0 },
    )
    const read = readAll(made.buffer)
    assert.ok(typeof read === 'object')
    assert.deepEqual(
      read.records,
      list.map(({ key, value, ms }, offset) => ({ offset, timestampMs: ms, key, value })),
    )
  })
  check(property, 100)
})

/** Where the checksum and everything that it covers begins. */
const CHECKSUM_AT = 17

test('any byte that is flipped from the checksum on is found by it', () => {
  let flipped = 0
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const bits = fc.integer({ min: 1, max: 255 })
  const property = fc.property(aBatch, place, bits, (batch, where, mask) => {
    const bytes = batchBytes(batch)
    const at = CHECKSUM_AT + Math.floor(where * (bytes.length - CHECKSUM_AT))
    bytes[at] ^= mask
    assert.equal(readAll(bytes), 'a checksum that does not match')
    flipped++
  })
  check(property, 500)
  assert.ok(flipped >= 500)
})

test('any byte that is flipped in length or version is found, or ends what can be read', () => {
  const property = fc.property(
    aBatch,
    fc.integer({ min: 8, max: 16 }).filter((at) => at < 12 || at === 16),
    fc.integer({ min: 1, max: 255 }),
    (batch, at, mask) => {
      const bytes = batchBytes(batch)
      bytes[at] ^= mask
      const read = readAll(bytes)
      assert.ok(typeof read === 'string' || read.batches === 0, JSON.stringify(read))
      if (at === 16) assert.match(JSON.stringify(read), /message format/)
    },
  )
  check(property, 500)
})

test('a batch that is cut off anywhere is not there yet; those before it are', () => {
  const first = batchBytes({
    ...{ baseOffset: 0, lastOffset: 1 },
    records: [0, 1].map((offset) => {
      return { offset, timestampMs: 1, key: null, value: Buffer.from('whole') }
    }),
  })
  const second = batchBytes({
    ...{ baseOffset: 2, lastOffset: 2, attributes: 1, pack: (bytes: Buffer) => gzipSync(bytes) },
    records: [{ offset: 2, timestampMs: 1, key: null, value: Buffer.alloc(50) }],
  })
  const bytes = Buffer.concat([first, second])
  for (let to = 0; to < bytes.length; to++) {
    const read = readAll(bytes.subarray(0, to))
    assert.ok(typeof read === 'object', `cut at ${to}: ${JSON.stringify(read)}`)
    assert.equal(read.batches, to < first.length ? 0 : 1)
  }
})

test('records that lie about their lengths, under a right checksum, are a fault or an end', () => {
  let faults = 0
  const property = fc.property(
    fc.uint8Array({ maxLength: 80 }),
    fc.integer({ min: -3, max: 2 ** 31 - 1 }),
    fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7),
    (noise, count, codec) => {
      const bytes = batchBytes({
        ...{ baseOffset: 0, lastOffset: 0, records: [], attributes: codec },
        pack: () => Buffer.from(noise),
      })
      bytes.writeInt32BE(count, 57)
      bytes.writeUInt32BE(checksumOf(bytes), CHECKSUM_AT)
      if (typeof readAll(bytes) === 'string') faults++
    },
  )
  check(property, 1000)
  assert.ok(faults > 500, `only ${faults} of 1000 were faults`)
})

test('random bytes are read without error and without end', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
    readAll(Buffer.from(noise))
    headerOf(Buffer.from(noise), 0, 'xdr-source')
  })
  check(property, 2000)
})

test('a length that leads nowhere is a fault, not a circle', () => {
  for (const length of [-12, -1, 0, -(2 ** 31), 48]) {
    const bytes = Buffer.alloc(100)
    bytes.writeInt32BE(length, 8)
    bytes[16] = 2
    const read = readAll(bytes)
    assert.ok(typeof read === 'string', `${length}: ${JSON.stringify(read)}`)
  }
})

for (const [codec, name] of [[1, 'gzip'] as const, [4, 'zstd'] as const]) {
  test(`records that ${name} unpacks far beyond any size are a fault, in bounded memory`, () => {
    const pack = CODECS[codec][1]
    const bytes = batchBytes({
      ...{ baseOffset: 0, lastOffset: 0, records: [], attributes: codec },
      pack: () => pack(Buffer.alloc(300 * 2 ** 20)),
    })
    assert.ok(bytes.length < 2 ** 20, `${bytes.length} bytes fit into a batch`)
    const before = process.memoryUsage().rss
    assert.match(JSON.stringify(readAll(bytes)), /do not unpack/)
    const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grownMiB < 600, `${grownMiB.toFixed(0)} MiB more`)
  })
}

test("a topic that stamps records itself gives all of them the batch's last time", () => {
  const batch: HandBatch = {
    ...{ baseOffset: 0, lastOffset: 1, attributes: 0b1000, maxTimestampMs: 5000 },
    records: [0, 1].map((offset) => {
      return { offset, timestampMs: 1000 + offset, key: null, value: Buffer.from('x') }
    }),
  }
  const read = readAll(batchBytes(batch))
  assert.ok(typeof read === 'object')
  assert.deepEqual(
    read.records.map(({ timestampMs }) => timestampMs),
    [5000, 5000],
  )
})

function checksumOf(bytes: Buffer): number {
  // One bit after another (Castagnoli's polynomial, reflected): slow, and shares no code.
  let crc = 0xffffffff
  for (const byte of bytes.subarray(21)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
