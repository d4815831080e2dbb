// Frames of LZ4 are unpacked as the package unpacks them, block by block where it can be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { unpackLz4 } from '../../src/kafka/unpack/lz4.ts'
import { check, someBytes } from './batches-random.ts'

const MOST = 2 ** 24

/** Bytes of up to several blocks: some that pack well, some that are stored as they are. */
const manyBytes = fc
  .array(fc.tuple(someBytes, fc.nat({ max: 400 })), { maxLength: 20 })
  .map((parts) =>
    Buffer.concat(parts.flatMap(([bytes, times]) => Array<Buffer>(times).fill(bytes))),
  )
const options = fc.record({ contentChecksum: fc.boolean(), blockChecksums: fc.boolean() })

test('a frame of any number of blocks is unpacked, and its bytes stay as they were', () => {
  const property = fc.property(manyBytes, options, (bytes, given) => {
    const packed = compressFrameSync(bytes, given)
    const before = Buffer.from(packed)
    assert.deepEqual(unpackLz4(packed, MOST), bytes)
    assert.deepEqual(packed, before)
  })
  check(property, 200)
})

test('a damaged frame is refused or unpacked to other bytes, never more than the bound', () => {
  const damage = fc.record({ at: fc.nat({ max: 2 ** 20 }), by: fc.integer({ min: 1, max: 255 }) })
  const property = fc.property(manyBytes, damage, (bytes, { at, by }) => {
    const packed = compressFrameSync(bytes)
    packed[at % packed.length] ^= by
    const before = Buffer.from(packed)
    try {
      assert.ok(unpackLz4(packed, MOST).length <= MOST)
    } catch (error) {
      assert.ok(error instanceof Error && error.name !== 'AssertionError', String(error))
    }
    assert.deepEqual(packed, before)
  })
  check(property, 300)
})

test('a frame without its end is refused as the package refuses it', () => {
  const packed = compressFrameSync(Buffer.from('engagement '.repeat(20_000)))
  for (const left of [packed.length - 1, packed.length - 4, packed.length - 9]) {
    const cut = packed.subarray(0, left)
    const outcome = (unpack: () => Buffer): string => {
      try {
        return `${unpack().length} bytes`
      } catch {
        return 'refused'
      }
    }
    const expected = outcome(() => decompressFrameSync(Buffer.from(cut)))
    assert.equal(
      outcome(() => unpackLz4(Buffer.from(cut), MOST)),
      expected,
    )
  }
})
