// Sends a batch of a checkpoint, within the transaction of its partition.
import { PulseError } from '../../src/errors.ts'
import { sealBatch, stampBatch, type OpenBatch } from '../../src/kafka/batch-writer.ts'
import { ProtocolError } from '../../src/kafka/client.ts'
import { request } from '../../src/kafka/produce-request.ts'
import type { PublisherContext, Published } from './claim.ts'
import type { ChangelogTopic } from './topics.ts'

/** Brokers accept batches of 1 MiB by default (max.message.bytes). */
export const BATCH_BYTES = 900_000

/** Sends the records of a batch; returns their bytes and the end of the partition behind them. */
export async function send(
  { link }: PublisherContext,
  { partition, producer, sequences }: Published,
  topic: ChangelogTopic,
  batch: OpenBatch,
): Promise<{ bytes: number; end: number }> {
  const leader = topic.leaders[partition]
  if (leader === undefined)
    throw new Error(`partition ${partition} of "${topic.name}" has no leader`)
  const sealed = sealBatch(partition, batch, 'none')
  const sequence = sequences.get(topic.name) ?? 0
  stampBatch(sealed, producer.id, producer.epoch, sequence)
  sequences.set(topic.name, (sequence + sealed.records) % 2 ** 31)
  const id = producer.transactionalId
  const answer = (await request(link.pool, leader, id, topic.name, [sealed])).get(partition)
  const code = answer?.code ?? -1
  if (code !== 0) throw produceError(topic.name, partition, code)
  return { bytes: sealed.bytes.length, end: (answer?.offset ?? 0) + sealed.records }
}

const TOO_LARGE = 10
const REFUSED = 47

function produceError(topic: string, partition: number, code: number): Error {
  const subject = `partition ${partition} of "${topic}"`
  if (code === REFUSED) return new ProtocolError('INVALID_PRODUCER_EPOCH')
  if (code !== TOO_LARGE) return new Error(`${subject}: the leader answers error ${code}`)
  return new PulseError(
    'kafka',
    `${subject}: a record is larger than the topic accepts; raise its max.message.bytes`,
  )
}
