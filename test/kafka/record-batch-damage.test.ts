// Damaged record batches are detected: no other content, no exception, no endless loop.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { requireWholeSnappy } from '../../src/kafka/unpack/snappy.ts'
import { crc32c } from '../../src/kafka/client.ts'
import { headerOf } from '../../src/kafka/headers.ts'
import { batchBytes } from './batches.ts'
import { aBatch, check, CODECS, readAll, someBytes } from './batches-random.ts'

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

for (const [codec, name] of [
  [1, 'gzip'],
  [3, 'lz4'],
  [4, 'zstd'],
] as const) {
  test(`records that ${name} decompresses beyond any size are a fault, in bounded memory`, () => {
    const pack = codec === 3 ? compressFrameSync : CODECS[codec][1]
    const bytes = packedBatch(codec, pack(Buffer.alloc(300 * 2 ** 20)))
    assert.ok(bytes.length < 2 ** 21, `${bytes.length} bytes fit into a batch`)
    const before = process.memoryUsage().rss
    assert.match(JSON.stringify(readAll(bytes)), /do not decompress/)
    const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grownMiB < 600, `${grownMiB.toFixed(0)} MiB more`)
  })
}

const XERIAL = Buffer.from('82534e41505059000000000100000001', 'hex')
/** A literal of one byte in a block of Snappy that claims another length. */
const claiming = (length: string): Buffer => Buffer.from(`${length}0061`, 'hex')
const sized = (block: Buffer): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(block.length)
  return Buffer.concat([size, block])
}

test('a claimed length is not believed, and what is damaged costs no memory', () => {
  const zeros = Buffer.from(CODECS[2][1](Buffer.alloc(40 * 2 ** 20)))
  const claims: [codec: number, packed: Buffer, fault: RegExp][] = [
    [2, claiming('ffffffff07'), /claims 2147483647 bytes/],
    [2, claiming('ffffffff0f'), /claims 4294967295 bytes/],
    [2, claiming('ffffffffff'), /without a length/],
    [2, Buffer.concat([XERIAL, sized(claiming('ffffffff07'))]), /claims 2147483647 bytes/],
    [2, Buffer.concat([XERIAL, Buffer.from('7fffffff00', 'hex')]), /does not fit/],
    [2, Buffer.concat([XERIAL, ...Array<Buffer>(8).fill(sized(zeros))]), /at most 2\d{8}/],
    [3, compressFrameSync(Buffer.alloc(70 * 2 ** 20)), /at most 67108864/],
    [3, claimingFrame(), /do not decompress/],
  ]
  const before = process.memoryUsage().rss
  for (const [codec, packed, fault] of claims) {
    assert.match(JSON.stringify(readAll(packedBatch(codec, packed))), fault)
  }
  // A block whose elements make less than it claims is refused by what unpacks it, once.
  const short = Buffer.concat([Buffer.from('80808020', 'hex'), zeros.subarray(4, -3)])
  for (let n = 0; n < 20; n++) {
    assert.match(JSON.stringify(readAll(packedBatch(2, short))), /do not decompress/)
  }
  const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20
  assert.ok(grownMiB < 500, `${grownMiB.toFixed(0)} MiB more`)
})

test('what is walked through before it is unpacked is right for all blocks of Snappy', () => {
  const property = fc.property(fc.array(someBytes, { maxLength: 40 }), (parts) => {
    const bytes = Buffer.concat([...parts, ...parts])
    requireWholeSnappy(Buffer.from(CODECS[2][1](bytes)))
  })
  check(property, 200)
  const text = Buffer.from('engagement '.repeat(20_000))
  requireWholeSnappy(Buffer.concat([XERIAL, sized(Buffer.from(CODECS[2][1](text)))]))
})

test('a record with an offset, time or place outside of its batch is a fault', () => {
  const right = { offset: 5, timestampMs: 0, key: null, value: Buffer.from('v') }
  const batch = { baseOffset: 5, lastOffset: 6, records: [right] }
  assert.equal(typeof readAll(batchBytes(batch)), 'object')
  for (const offset of [4, 7, 2 ** 40]) {
    assert.match(
      JSON.stringify(readAll(batchBytes({ ...batch, records: [{ ...right, offset }] }))),
      /fit/,
    )
  }
  assert.match(
    JSON.stringify(readAll(batchBytes({ ...batch, lastOffset: 4 }))),
    /impossible offsets/,
  )
  // The number after the attributes, of 11 bytes, does not end: neither time nor offset.
  for (const endless of ['ff'.repeat(10) + '01', '00' + 'ff'.repeat(10) + '01']) {
    const body = Buffer.from(`00${endless}00010000`, 'hex')
    const bytes = packedBatch(0, Buffer.concat([Buffer.from([2 * body.length]), body]))
    assert.match(JSON.stringify(readAll(bytes)), /does not fit/)
  }
})

/** A batch of one record whose records are these bytes. */
function packedBatch(codec: number, packed: Buffer): Buffer {
  const none = { baseOffset: 0, lastOffset: 0, records: [], attributes: codec }
  const bytes = batchBytes({ ...none, pack: () => packed })
  bytes.writeInt32BE(1, 57)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), CHECKSUM_AT)
  return bytes
}

/** A frame of LZ4 without blocks that claims 2^50 bytes; the checksum of its header is searched. */
function claimingFrame(): Buffer {
  const frame = Buffer.from('04224d1868700000000000000400' + '00' + '00000000', 'hex')
  for (let sum = 0; sum < 256; sum++) {
    frame[14] = sum
    try {
      decompressFrameSync(frame)
    } catch (error) {
      if (String(error).includes('HeaderChecksum')) continue
      return frame
    }
  }
  throw new Error('no checksum fits')
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
