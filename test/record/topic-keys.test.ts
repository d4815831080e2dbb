// The partitioner of a topic follows from its keys, whatever the hash and the encoding.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeKey, encodingOf, type KeyEncoding } from '../../src/record/key-encoding.ts'
import { crc32, fnv1a, HASHES, partitionByHash } from '../../src/record/key-hash.ts'
import {
  addKey,
  createKeySample,
  DEFAULT_PARTITIONER,
  ENOUGH_KEYS,
  evidenceOf,
  isDecided,
  partitionBy,
  partitionerOf,
} from '../../src/record/topic-keys.ts'
import { partitionOf } from '../../src/record/partitioner.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const FRAME = [0, 0, 0, 1, 44]
const ENCODINGS: KeyEncoding[] = [
  { kind: 'text', prefix: [] },
  { kind: 'plus-text', prefix: [0x2b] },
  { kind: 'int64', prefix: [] },
  { kind: 'framed-text', prefix: FRAME },
  { kind: 'framed-string', prefix: FRAME },
  { kind: 'framed-long', prefix: FRAME },
]

test('CRC-32 and FNV-1a are those of their specifications', () => {
  // The check value of CRC-32/ISO-HDLC, and test vectors of draft-eastlake-fnv.
  assert.equal(crc32(bytesOf('x123456789'), 1, 10), 0xcbf43926)
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ] as const) {
    assert.equal(fnv1a(bytesOf(text), 0, text.length) >>> 0, hash)
  }
})

test('keys are written as their clients write them', () => {
  const into = new Uint8Array(32)
  const hex = (encoding: KeyEncoding): string =>
    Buffer.from(into.subarray(0, encodeKey(encoding, 33_612_345_678, into))).toString('hex')
  assert.deepEqual(ENCODINGS.map(hex), [
    Buffer.from('33612345678').toString('hex'),
    Buffer.from('+33612345678').toString('hex'),
    '00000007d373b14e',
    `000000012c${Buffer.from('33612345678').toString('hex')}`,
    `000000012c16${Buffer.from('33612345678').toString('hex')}`,
    '000000012c9cc59db7fa01',
  ])
  for (const encoding of ENCODINGS) {
    const length = encodeKey(encoding, 33_612_345_678, into)
    assert.deepEqual(encodingOf(into, 0, length, 33_612_345_678), encoding)
    assert.equal(encodingOf(into, 0, length, 33_612_345_679), null)
  }
})

describe('a topic', () => {
  /** A sample of `count` keys, of which the last one lies in another partition if `odd`. */
  function sampleOf(encoding: KeyEncoding, hash: (typeof HASHES)[number], count: number, odd = 0) {
    const sample = createKeySample(3)
    const key = new Uint8Array(40)
    for (let n = 0; n < count; n++) {
      const msisdn = 33_600_000_000 + n * 7919
      const length = encodeKey(encoding, msisdn, key)
      const partition = partitionByHash(hash, key, 0, length, 3)
      addKey(sample, key, 0, length, msisdn, n === count - 1 ? (partition + odd) % 3 : partition)
    }
    return sample
  }

  for (const hash of HASHES) {
    for (const encoding of ENCODINGS) {
      test(`of ${hash} over ${encoding.kind} is recognised, and divided alike`, () => {
        const found = partitionerOf(sampleOf(encoding, hash, ENOUGH_KEYS))
        assert.deepEqual(found, { hash, encoding })
        const key = new Uint8Array(40)
        for (const msisdn of [33_612_345_678, 7, 999_999_999_999_999]) {
          const length = encodeKey(encoding, msisdn, key)
          const expected = partitionByHash(hash, key, 0, length, 5)
          assert.equal(partitionBy({ hash, encoding }, msisdn, 5), expected)
        }
      })
    }
  }

  test('with one key in another partition, or with fewer keys, is not known', () => {
    const [text] = ENCODINGS
    assert.equal(partitionerOf(sampleOf(text, 'crc32', ENOUGH_KEYS - 1)), null)
    const odd = sampleOf(text, 'crc32', ENOUGH_KEYS, 1)
    assert.equal(partitionerOf(odd), null)
    assert.ok(isDecided(odd))
    assert.match(evidenceOf(odd), /none explains the partitions of 200 keys/)
  })

  test('without keys, or with keys that are not the MSISDN, is not known', () => {
    const none = createKeySample(3)
    addKey(none, new Uint8Array(0), -1, -1, 33_612_345_678, 0)
    assert.match(evidenceOf(none), /no key/)
    const other = createKeySample(3)
    const imsi = bytesOf('208011234567890')
    addKey(other, imsi, 0, imsi.length, 33_612_345_678, 0)
    assert.match(evidenceOf(other), /not the MSISDN/)
    assert.ok(isDecided(none) && isDecided(other))
  })
})

test('the default partitioner is that of replays', () => {
  for (let n = 0; n < 1000; n++) {
    const msisdn = 33_600_000_000 + n * 104_729
    assert.equal(partitionBy(DEFAULT_PARTITIONER, msisdn, 7), partitionOf(msisdn, 7))
  }
})
