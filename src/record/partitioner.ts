// The partition of a subscriber: that of a Kafka message with its MSISDN as key.

const digits = new Uint8Array(20)

/** Writes the decimal digits of a whole number below 10^15; returns their number. */
function writeDigits(value: number): number {
  let length = 0
  let rest = value
  do {
    const next = Math.floor(rest / 10)
    digits[length++] = 48 + (rest - next * 10)
    rest = next
  } while (rest > 0)
  digits.subarray(0, length).reverse()
  return length
}

/**
 * The partition that Kafka's default partitioner chooses (org.apache.kafka.common.utils.Utils.murmur2, after A. Appleby's
 * MurmurHash2 with seed 0x9747b28c): the hash, made positive, modulo the number of partitions.
 *
 * @param msisdn whole number below 10^15; hashed as its decimal text
 */
export function partitionOf(msisdn: number, partitions: number): number {
  if (partitions === 1) return 0
  return (murmur2(digits, writeDigits(msisdn)) & 0x7fffffff) % partitions
}

/** The 32-bit hash of the first `length` bytes. */
export function murmur2(bytes: Uint8Array, length: number): number {
  const M = 0x5bd1e995
  let h = 0x9747b28c ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - i
  if (rest >= 3) h ^= bytes[i + 2] << 16
  if (rest >= 2) h ^= bytes[i + 1] << 8
  if (rest >= 1) h = Math.imul(h ^ bytes[i], M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
