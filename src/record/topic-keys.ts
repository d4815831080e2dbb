// The partitioner of a topic, determined from its keys: hash and encoding that explain all of them.
import { HASHES, partitionByHash, type HashName } from './key-hash.ts'
import { encodeKey, encodingOf, isKey, MAX_KEY_BYTES, TEXT_KEY } from './key-encoding.ts'
import type { KeyEncoding } from './key-encoding.ts'
import { partitionOf } from './partitioner.ts'

/** How a producer chooses the partition of a subscriber. */
export interface KeyPartitioner {
  hash: HashName
  encoding: KeyEncoding
}

/** That of Kafka's Java client with decimal text as key, which replays and `produce` use. */
export const DEFAULT_PARTITIONER: KeyPartitioner = { hash: 'murmur2', encoding: TEXT_KEY }

/** True for the default partitioner. */
export const isDefault = ({ hash, encoding }: KeyPartitioner): boolean =>
  hash === 'murmur2' && encoding.kind === 'text'

/** The partition of a subscriber. */
export function partitionBy(partitioner: KeyPartitioner, msisdn: number, partitions: number) {
  if (partitions === 1) return 0
  if (isDefault(partitioner)) return partitionOf(msisdn, partitions)
  const length = encodeKey(partitioner.encoding, msisdn, key)
  return partitionByHash(partitioner.hash, key, 0, length, partitions)
}

const key = new Uint8Array(MAX_KEY_BYTES)

/** With this number of distinct keys no wrong hash agrees with all by chance, even with 2 partitions. */
export const ENOUGH_KEYS = 200

/** What the keys of a topic have shown so far. */
export interface KeySample {
  partitions: number
  /** Distinct MSISDNs whose keys were compared. */
  seen: Set<number>
  /** Hashes that explain all of them. */
  hashes: readonly HashName[]
  /** The encoding of all of them; null before the first key, and for no common one. */
  encoding: KeyEncoding | null
  /** Why no partitioner explains the keys, as a phrase; null while one may. */
  contradiction: string | null
}

/** A sample without keys. */
export const createKeySample = (partitions: number): KeySample => ({
  partitions,
  seen: new Set(),
  hashes: HASHES,
  encoding: null,
  contradiction: null,
})

/** True when further keys change nothing. */
export const isDecided = ({ seen, contradiction }: KeySample): boolean =>
  contradiction !== null || seen.size >= ENOUGH_KEYS

/** Adds the key `bytes[from, to)` of a row with a valid MSISDN; `from` is -1 for no key. */
export function addKey(
  sample: KeySample,
  bytes: Uint8Array,
  from: number,
  to: number,
  msisdn: number,
  partition: number,
): void {
  if (isDecided(sample) || sample.seen.has(msisdn)) return
  if (from < 0) {
    sample.contradiction = 'a row with an MSISDN has no key'
    return
  }
  sample.encoding ??= encodingOf(bytes, from, to, msisdn)
  const { encoding, partitions } = sample
  if (encoding === null || !isKey(encoding, bytes, from, to, msisdn)) {
    sample.contradiction = 'a key is not the MSISDN of its row in the encoding of the others'
    return
  }
  sample.seen.add(msisdn)
  sample.hashes = sample.hashes.filter(
    (hash) => partitionByHash(hash, bytes, from, to, partitions) === partition,
  )
  if (sample.hashes.length > 0) return
  sample.contradiction = `of murmur2, CRC32 and FNV-1a none explains the partitions of ${sample.seen.size} keys`
}

/** The partitioner that explains enough keys; null while there are too few, or none explains them. */
export function partitionerOf(sample: KeySample): KeyPartitioner | null {
  const { encoding, hashes, contradiction, seen } = sample
  if (contradiction !== null || encoding === null || seen.size < ENOUGH_KEYS) return null
  return { hash: hashes[0], encoding }
}

/** What the keys have shown, as a phrase. */
export function evidenceOf(sample: KeySample): string {
  const { seen, contradiction, hashes } = sample
  if (contradiction !== null) return contradiction
  const found = partitionerOf(sample)
  if (found === null) {
    const few = `${seen.size} distinct keys, ${ENOUGH_KEYS} are needed`
    return seen.size === 0 ? few : `${few}; ${hashes.join(' or ')} would explain them`
  }
  return `${found.hash} of ${found.encoding.kind} explains all of ${seen.size} distinct keys`
}
