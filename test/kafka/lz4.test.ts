// Frames of LZ4 are unpacked as the package unpacks them, block by block where it can be.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { LZ4_CODE_FILE, lz4CodeText } from '../../scripts/wasm.ts'
import { unpackLz4 } from '../../src/kafka/unpack/lz4.ts'
import { createRoom, emptyRoom } from '../../src/kafka/unpack/room.ts'
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

test('batches share a room until it is emptied', () => {
  const room = createRoom()
  const property = fc.property(fc.array(fc.tuple(manyBytes, options), { maxLength: 8 }), (all) => {
    emptyRoom(room)
    const unpacked = all.map(([bytes, given]) =>
      unpackLz4(compressFrameSync(bytes, given), MOST, room),
    )
    for (const [at, [bytes]] of all.entries()) assert.deepEqual(unpacked[at], bytes)
  })
  check(property, 100)
})

test('a batch that does not fit into the room has memory of its own', () => {
  const room = createRoom()
  const bytes = Buffer.from('engagement '.repeat(500_000))
  const packed = compressFrameSync(bytes)
  const buffers = [0, 1, 2, 3].map(() => unpackLz4(packed, MOST, room))
  for (const unpacked of buffers) assert.deepEqual(unpacked, bytes)
  assert.deepEqual(
    buffers.map(({ buffer }) => buffer === room.bytes.buffer),
    [true, true, false, false],
  )
})

test('a damaged frame does not write outside of its part of the room', () => {
  const room = createRoom()
  const first = Buffer.from('engagement '.repeat(3000))
  const damage = fc.array(
    fc.record({ at: fc.nat({ max: 2 ** 20 }), by: fc.integer({ min: 1, max: 255 }) }),
    { minLength: 1, maxLength: 4 },
  )
  const property = fc.property(manyBytes, damage, (bytes, changes) => {
    emptyRoom(room)
    const kept = unpackLz4(compressFrameSync(first), MOST, room)
    const packed = compressFrameSync(bytes)
    for (const { at, by } of changes) packed[at % packed.length] ^= by
    const outcome = (unpack: () => Buffer): Buffer | null => {
      try {
        return unpack()
      } catch {
        return null
      }
    }
    const alone = outcome(() => unpackLz4(packed, MOST))
    const found = outcome(() => unpackLz4(packed, MOST, room))
    if (alone !== null) assert.deepEqual(found, alone)
    assert.deepEqual(kept, first)
  })
  check(property, 300)
})

test('the module is the one that its text assembles to', async () => {
  assert.equal(readFileSync(LZ4_CODE_FILE, 'utf8'), await lz4CodeText())
})
