// The partitioners of topics, from their first keys, before a row is read: by that of its topic a
// history is divided, and topics that are read together must have the same.
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
import { requireOnePartitioner } from './topics.ts'
import { columnsOf } from '../../src/record/source-units.ts'
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
  topic: string
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
  const { topic } = from
  const sample = await sampleKeys(from, options)
  if (from.stop.aborted) return null
  const chosen = choosePartitioner(topic, sample, options.partitioner)
  if (sample.partitions > 1) {
    from.warnings.info(`the history is divided as the topic is: ${chosen.evidence}`)
  }
  return chosen
}

/**
 * Samples the first keys of a topic; after a stop the sample is not complete.
 *
 * @throws PulseError `kafka` when the topic cannot be read
 */
export async function sampleKeys(
  from: TopicToPeek,
  { connection, state, format: name, schema, registry: address, units }: PartitionReaderOptions,
): Promise<KeySample> {
  if (from.view.partitions === 1) return createKeySample(1)
  const onError = (message: string): void => from.warnings.error('registry', message)
  const registry = address === null ? null : createRegistry(address, onError)
  const close = (): void => registry?.close()
  // A schema may be waited for.
  from.stop.addEventListener('abort', close)
  try {
    const { timeZone } = state
    const onSchema = (message: string): void => from.warnings.warn(message)
    const source = columnsOf(units)
    const format = createFormat({ format: name, registry, schema, timeZone, source, onSchema })
    return await peekKeys({ ...from, connection, format })
  } catch (error) {
    if (from.stop.aborted) return createKeySample(from.view.partitions)
    throw error
  } finally {
    from.stop.removeEventListener('abort', close)
    close()
  }
}

/**
 * Samples the keys of topics before any of them is read, and compares their partitioners.
 *
 * @throws PulseError as `requireOnePartitioner` and `sampleKeys`
 */
export async function requireAlike(
  from: Omit<TopicToPeek, 'topic' | 'view'>,
  views: ReadonlyMap<string, TopicView>,
  options: PartitionReaderOptions,
): Promise<void> {
  if (views.size === 1) return
  const samples: [string, KeySample][] = []
  for (const [topic, view] of views) {
    const sample = await sampleKeys({ ...from, topic, view }, options)
    if (from.stop.aborted) return
    samples.push([topic, sample])
    if (view.partitions === 1 || partitionerOf(sample) !== null) continue
    from.warnings.warn(
      `topic ${topic}: its partitioner is not known (${evidenceOf(sample)}), and is not compared ` +
        'with that of the other topics yet; a subscriber in two partitions is reported by a snapshot',
    )
  }
  requireOnePartitioner(samples)
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
      'the topic is, or subscribers are in two partitions, and the first keys of a topic that has ' +
      'gained partitions do not show it: name its partitioner with ' +
      '--partitioner murmur2 (Java), crc32 (librdkafka) or fnv1a (Sarama)',
  )

const contradicted = (topic: string, option: string, evidence: string): PulseError =>
  new PulseError(
    'state-options',
    `--partitioner ${option} contradicts the keys of the topic "${topic}": ${evidence}; leave it out`,
  )
