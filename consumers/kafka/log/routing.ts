// Whether rows are in the partitions of their keys: the topic's partitioner, and rows that differ.
import { PLACE } from '../../../src/record/columns.ts'
import { addKey, createKeySample, evidenceOf, isDecided } from '../../../src/record/topic-keys.ts'
import { partitionBy, partitionerOf, type KeySample } from '../../../src/record/topic-keys.ts'
import { isMsisdn } from '../../../src/record/validation.ts'
import type { MessageRows } from './message-rows.ts'

/** What the keys of a topic have shown in this run. */
export interface Routing {
  sample: KeySample
  /** Rows that were compared before the sample was decided. */
  compared: number
  /** Rows found in another partition than the topic's partitioner assigns to their MSISDN. */
  misrouted: number
  /** The numbers of partitions that the topic has had: older rows are divided over a former one. */
  numbers: readonly number[]
}

/** The partitioner of a topic as it is reported. */
export interface PartitionerNote {
  /** Null while it is unknown. */
  hash: string | null
  encoding: string | null
  evidence: string
}

/** A topic with fewer distinct keys than are needed is compared up to this number of rows. */
const MAX_COMPARED = 100_000

/**
 * A routing before the first row.
 *
 * @param numbers of partitions that the topic has had; the last one is the present one
 */
export const createRouting = (numbers: readonly number[]): Routing => ({
  sample: createKeySample(numbers[numbers.length - 1]),
  compared: 0,
  misrouted: 0,
  numbers,
})

/** The topic has grown: a known partitioner stays known, other keys are compared anew. */
export function growRouting(routing: Routing, numbers: readonly number[]): void {
  const isKnown = partitionerOf(routing.sample) !== null
  if (!isKnown) Object.assign(routing, createRouting(numbers))
  routing.numbers = numbers
}

/** Rows of a partition that the last growth added are divided over the present number only. */
const isComparable = ({ numbers }: Routing, partition: number): boolean =>
  numbers.length === 1 || partition >= numbers[numbers.length - 2]

/** True when further rows change nothing of what is known of the partitioner. */
export const isRoutingDecided = ({ sample, compared }: Routing): boolean =>
  sample.partitions === 1 || isDecided(sample) || compared > MAX_COMPARED

/**
 * Compares the first `count` of the selected rows until the partitioner is known; after that one
 * row per batch: enough to detect another producer, at no cost.
 */
export function checkRouting(
  routing: Routing,
  { columns, bytes, keyFrom, keyTo }: MessageRows,
  selected: Uint32Array,
  count: number,
  partition: number,
): void {
  const { sample } = routing
  if (sample.partitions === 1 || count === 0) return
  const { values } = columns[PLACE.msisdn]
  if (isDecided(sample)) {
    const known = partitionerOf(sample)
    const msisdn = values[selected[0]]
    if (known === null || !isMsisdn(msisdn)) return
    const isExplained = routing.numbers.some((n) => partitionBy(known, msisdn, n) === partition)
    if (!isExplained) routing.misrouted++
    return
  }
  if (routing.compared > MAX_COMPARED || !isComparable(routing, partition)) return
  routing.compared += count
  for (let n = 0; n < count; n++) {
    const i = selected[n]
    if (!isMsisdn(values[i])) continue
    addKey(sample, bytes[i], keyFrom[i], keyTo[i], values[i], partition)
  }
}

/** The partitioner as it is reported. */
export function partitionerNote({ sample }: Routing): PartitionerNote {
  const found = partitionerOf(sample)
  const evidence = sample.partitions === 1 ? 'the topic has one partition' : evidenceOf(sample)
  return { hash: found?.hash ?? null, encoding: found?.encoding.kind ?? null, evidence }
}
