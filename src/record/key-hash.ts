// The hashes by which producers of Kafka choose a partition from the bytes of a key.
import { murmur2 } from './partitioner.ts'

/**
 * The known ways: `murmur2` of the Java client, kafkajs and most others; `crc32` of librdkafka
 * (`consistent_random`, its default); `fnv1a` of Sarama and of librdkafka's `fnv1a` (absolute
 * value), `fnv1a-reference` (sign bit cleared) and `fnv1a-unsigned` of Sarama's other constructors.
 */
export const HASHES = ['murmur2', 'crc32', 'fnv1a', 'fnv1a-reference', 'fnv1a-unsigned'] as const

/** One of `HASHES`. */
export type HashName = (typeof HASHES)[number]

/** Reversed polynomial of CRC-32 (IEEE 802.3). */
const POLYNOMIAL = 0xedb88320
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  return crc >>> 0
})

/** CRC-32 of `bytes[from, to)`, unsigned. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff
  for (let i = from; i < to; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** FNV-1a with 32 bits of `bytes[from, to)`, signed. */
export function fnv1a(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return hash
}

/** The partition of the key `bytes[from, to)` by one of the ways. */
export function partitionByHash(
  name: HashName,
  bytes: Uint8Array,
  from: number,
  to: number,
  partitions: number,
): number {
  switch (name) {
    case 'murmur2':
      return (murmur2(bytes.subarray(from, to), to - from) & 0x7fffffff) % partitions
    case 'crc32':
      return crc32(bytes, from, to) % partitions
    case 'fnv1a':
      return Math.abs(fnv1a(bytes, from, to) % partitions)
    case 'fnv1a-reference':
      return (fnv1a(bytes, from, to) & 0x7fffffff) % partitions
    case 'fnv1a-unsigned':
      return (fnv1a(bytes, from, to) >>> 0) % partitions
  }
}
