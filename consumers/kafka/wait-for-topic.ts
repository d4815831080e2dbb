// Waits at the start until the cluster answers and the topic can be read, or says why not.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseError, rootMessageOf } from '../../src/errors.ts'
import { AuthenticationError, findErrorBy } from '../../src/kafka/client.ts'
import type { Consumer, KafkaConnection } from '../../src/kafka/client.ts'
import { describeTopic, type TopicView } from '../../src/kafka/topic.ts'

/** A cluster that cannot be reached for so long ends the start. */
const START_MS = 30_000
const RETRY_MS = 500

/**
 * The topic as the cluster first describes it; null when `stop` came before.
 *
 * @throws PulseError `kafka` when the topic does not exist, or the cluster cannot be used
 */
export async function findTopic(
  consumer: Consumer,
  connection: KafkaConnection,
  topic: string,
  stop: Promise<undefined>,
): Promise<TopicView | null> {
  const until = performance.now() + START_MS
  const ended = stop.then(() => true)
  for (;;) {
    const found = await tryFind(consumer, connection, topic)
    if (typeof found !== 'string') return found
    if (performance.now() > until) throw new PulseError('kafka', found)
    if (await Promise.race([ended, sleep(RETRY_MS, false)])) return null
  }
}

/** The topic, or what is wrong as long as it is. */
async function tryFind(
  consumer: Consumer,
  { brokers }: KafkaConnection,
  topic: string,
): Promise<TopicView | string> {
  let found: TopicView | null
  try {
    found = await describeTopic(consumer, topic)
  } catch (error) {
    const trouble =
      `Kafka at ${brokers.join(', ')} cannot be used (${rootMessageOf(error)}); see that --kafka names ` +
      'its brokers, and that TLS and SASL are as they ask'
    // A refused login is not tried again: that locks accounts.
    const isRefused = error instanceof Error && findErrorBy(error, 'code', AuthenticationError.code)
    if (isRefused) throw new PulseError('kafka', trouble, error)
    return trouble
  }
  if (found === null) {
    throw new PulseError(
      'kafka',
      `the topic "${topic}" does not exist; create it, or fill it with ` +
        '"xdr-pulse replay FILES --to kafka --create-topic"',
    )
  }
  if (found.leaders.every((leader) => leader >= 0)) return found
  return `the topic "${topic}" has partitions without a leader; see that its brokers are up`
}
