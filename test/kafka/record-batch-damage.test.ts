// Damaged record batches are detected: no other content, no exception, no endless loop.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { headerOf } from '../../src/kafka/headers.ts'
import { batchBytes } from './batches.ts'
import { aBatch, check, CODECS, readAll } from './batches-random.ts'

/** Where the checksum begins, followed by all that it covers. */
const CHECKSUM_AT = 17

test('a flipped byte in the checksum or after it is detected', () => {
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

test('a flipped byte in length or version is detected, or ends the reading', () => {
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

test('an incomplete batch is not read, those before it are', () => {
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

test('wrong lengths of records under a right checksum are a fault or an end', () => {
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

test('random bytes are read without an exception or an endless loop', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
    readAll(Buffer.from(noise))
    headerOf(Buffer.from(noise), 0, 'xdr-source')
  })
  check(property, 2000)
})

test('an impossible length is a fault, not an endless loop', () => {
  for (const length of [-12, -1, 0, -(2 ** 31), 48]) {
    const bytes = Buffer.alloc(100)
    bytes.writeInt32BE(length, 8)
    bytes[16] = 2
    const read = readAll(bytes)
    assert.ok(typeof read === 'string', `${length}: ${JSON.stringify(read)}`)
  }
})

for (const [codec, name] of [[1, 'gzip'] as const, [4, 'zstd'] as const]) {
  test(`records that ${name} decompresses beyond any size are a fault, in bounded memory`, () => {
    const pack = CODECS[codec][1]
    const bytes = batchBytes({
      ...{ baseOffset: 0, lastOffset: 0, records: [], attributes: codec },
      pack: () => pack(Buffer.alloc(300 * 2 ** 20)),
    })
    assert.ok(bytes.length < 2 ** 20, `${bytes.length} bytes fit into a batch`)
    const before = process.memoryUsage().rss
    assert.match(JSON.stringify(readAll(bytes)), /do not decompress/)
    const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grownMiB < 600, `${grownMiB.toFixed(0)} MiB more`)
  })
}

function checksumOf(bytes: Buffer): number {
  // Bit by bit (Castagnoli's polynomial, reflected): slow, and shares no code.
  let crc = 0xffffffff
  for (const byte of bytes.subarray(21)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
