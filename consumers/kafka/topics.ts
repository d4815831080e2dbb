// Whether topics can be read together: partition p of each of them is read into partition p of the
// state, and a subscriber must be in one.
import { PulseError } from '../../src/errors.ts'
import {
  evidenceOf,
  partitionBy,
  partitionerOf,
  type KeyPartitioner,
  type KeySample,
} from '../../src/record/topic-keys.ts'

/** MSISDNs that are divided by two partitioners; different ones do not agree on all of them. */
const COMPARED = 100
const FIRST_MSISDN = 33_600_000_000

/**
 * Checks that a history can be divided from what is read: its cut-over is known to cover one topic.
 *
 * @param cutoverMs that of the state; null for none
 * @throws PulseError `state-options` for several topics with a history
 */
export function requireNoHistory(
  topics: readonly string[],
  history: readonly string[],
  cutoverMs: number | null,
): void {
  if (topics.length === 1 || (history.length === 0 && cutoverMs === null)) return
  const found = history.length > 0 ? '--history is given' : 'the state holds the history of a topic'
  throw new PulseError(
    'state-options',
    `${found} with the topics ${topics.join(', ')}; expected one topic with a history, because ` +
      'its files are known to hold the rows of one: read each topic with its history into its own ' +
      '--state directory with its own group',
  )
}

/**
 * Checks the numbers of partitions, by topic.
 *
 * @throws PulseError `state-options` when they differ
 */
export function requireSamePartitions(topics: ReadonlyMap<string, number>): void {
  const [[first, partitions], ...others] = [...topics]
  const other = others.find(([, count]) => count !== partitions)
  if (other === undefined) return
  throw new PulseError(
    'state-options',
    `the topic "${first}" has ${partitions} partitions and "${other[0]}" has ` +
      `${other[1]}; expected the same number, because a subscriber must be in one ` +
      'partition of the state: read them into two --state directories with two groups',
  )
}

/**
 * Checks what the keys of topics have shown so far; a topic of which too little is known passes.
 *
 * @throws PulseError `state-options` when two topics have different partitioners
 */
export function requireOnePartitioner(
  topics: readonly (readonly [topic: string, sample: KeySample])[],
): void {
  if (topics.length === 1) return
  const known = topics.flatMap(([topic, sample]) => {
    const partitioner = partitionerOf(sample)
    return partitioner === null ? [] : [{ topic, sample, partitioner }]
  })
  const first = known.at(0)
  const other = known.find(
    ({ sample, partitioner }) =>
      first !== undefined && !isSame(first.partitioner, partitioner, sample.partitions),
  )
  if (first === undefined || other === undefined) return
  const found = [first, other].map(({ topic, sample }) => `"${topic}": ${evidenceOf(sample)}`)
  throw new PulseError(
    'state-options',
    `topics that are read together have different partitioners (${found.join('; ')}); expected ` +
      'the same, because a subscriber must be in one partition of the state: read them into two ' +
      '--state directories with two groups',
  )
}

function isSame(a: KeyPartitioner, b: KeyPartitioner, partitions: number): boolean {
  if (JSON.stringify(a) === JSON.stringify(b)) return true
  return Array.from({ length: COMPARED }, (_, n) => FIRST_MSISDN + n).every(
    (msisdn) => partitionBy(a, msisdn, partitions) === partitionBy(b, msisdn, partitions),
  )
}
