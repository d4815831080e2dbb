// By which partitioner a history is divided: that of the topic, so that all rows of a subscriber
// are in one partition.
import { PulseError } from '../../src/errors.ts'
import type { Consumer } from '../../src/kafka/client.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import type { TopicView } from '../../src/kafka/topic.ts'
import { TEXT_KEY } from '../../src/record/key-encoding.ts'
import type { HashName } from '../../src/record/key-hash.ts'
import {
  DEFAULT_PARTITIONER,
  evidenceOf,
  partitionerOf,
  type KeyPartitioner,
  type KeySample,
} from '../../src/record/topic-keys.ts'
import { createKeySample } from '../../src/record/topic-keys.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { PartitionReaderOptions } from './live.ts'
import { peekKeys } from './log/key-peek.ts'
import { createFormat } from './log/message-format.ts'

/** What `--partitioner` may be. */
export type PartitionerOption = 'auto' | 'murmur2' | 'crc32' | 'fnv1a'

/** A partitioner, and why it was chosen, as a phrase. */
export interface ChosenPartitioner {
  partitioner: KeyPartitioner
  evidence: string
}

/** The topic whose keys are read. */
export interface TopicToPeek {
  consumer: Consumer
  view: TopicView
  warnings: Warnings
  stop: AbortSignal
}

/**
 * Determines the partitioner of a topic from its first keys; null after a stop.
 *
 * @throws PulseError `kafka` when the topic cannot be read; as `choosePartitioner`
 */
export async function findPartitioner(
  from: TopicToPeek,
  options: PartitionReaderOptions & { partitioner: PartitionerOption },
): Promise<ChosenPartitioner | null> {
  const { topic, partitioner, connection, instanceId: clientId, state } = options
  const { partitions } = from.view
  if (partitions === 1) return choosePartitioner(topic, createKeySample(1), partitioner)
  const onError = (message: string): void => from.warnings.error('registry', message)
  const registry = options.registry === null ? null : createRegistry(options.registry, onError)
  try {
    const { format: name, schema } = options
    const format = createFormat({ format: name, registry, schema, timeZone: state.timeZone })
    const sample = await peekKeys({ ...from, topic, connection, clientId, format })
    if (from.stop.aborted) return null
    const chosen = choosePartitioner(topic, sample, partitioner)
    from.warnings.info(`the history is divided as the topic is: ${chosen.evidence}`)
    return chosen
  } finally {
    registry?.close()
  }
}

/**
 * Chooses the partitioner of a topic from the sample of its keys, and from the option.
 *
 * @throws PulseError `state-options` when the keys do not show it and no option names it, or when
 *   they contradict the option
 */
export function choosePartitioner(
  topic: string,
  sample: KeySample,
  option: PartitionerOption,
): ChosenPartitioner {
  const evidence = evidenceOf(sample)
  if (sample.partitions === 1) {
    return { partitioner: DEFAULT_PARTITIONER, evidence: 'the topic has one partition' }
  }
  const found = partitionerOf(sample)
  if (option === 'auto') {
    if (found === null) throw unknown(topic, evidence)
    return { partitioner: found, evidence }
  }
  // Few keys may fit several hashes; they contradict the option when its own is not among them.
  if (sample.contradiction === null && !sample.hashes.some((hash) => isMeant(hash, option))) {
    throw contradicted(topic, option, evidence)
  }
  const hash = found?.hash ?? sample.hashes.find((name) => isMeant(name, option)) ?? option
  const encoding = sample.encoding ?? TEXT_KEY
  return { partitioner: { hash, encoding }, evidence: `--partitioner ${option}; ${evidence}` }
}

/** Sarama's variants are all named `fnv1a`. */
const isMeant = (hash: HashName, option: PartitionerOption): boolean =>
  hash === option || hash.startsWith(`${option}-`)

const unknown = (topic: string, evidence: string): PulseError =>
  new PulseError(
    'state-options',
    `the partitioner of the topic "${topic}" is unknown (${evidence}); a history is divided as ` +
      'the topic is, or subscribers are in two partitions: name its partitioner with ' +
      '--partitioner murmur2 (Java), crc32 (librdkafka) or fnv1a (Sarama)',
  )

const contradicted = (topic: string, option: string, evidence: string): PulseError =>
  new PulseError(
    'state-options',
    `--partitioner ${option} contradicts the keys of the topic "${topic}": ${evidence}; leave it out`,
  )
