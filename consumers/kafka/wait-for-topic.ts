// Waits at the start until the cluster answers and the topics can be read, or reports why it cannot.
import { performance } from 'node:perf_hooks'
import { PulseError, rootMessageOf } from '../../src/errors.ts'
import { authorizationError } from '../../src/kafka/authorization.ts'
import { AuthenticationError, findErrorBy } from '../../src/kafka/client.ts'
import type { Consumer, KafkaConnection } from '../../src/kafka/client.ts'
import { BROKER_RETRY, createBackoff, waitToRetry } from '../../src/kafka/retry.ts'
import { describeTopic, type TopicView } from '../../src/kafka/topic.ts'

/** A cluster that cannot be used for this long ends the start. */
const START_MS = 30_000

/**
 * Returns the topics by name, as the cluster first describes them; null when `stop` was aborted
 * before.
 *
 * @throws PulseError as `waitForTopic`
 */
export async function waitForTopics(
  consumer: Consumer,
  connection: KafkaConnection,
  topics: readonly string[],
  stop: AbortSignal,
): Promise<ReadonlyMap<string, TopicView> | null> {
  const views = new Map<string, TopicView>()
  for (const topic of topics) {
    const view = await waitForTopic(consumer, connection, topic, stop)
    if (view === null) return null
    views.set(topic, view)
  }
  return views
}

/**
 * Returns the topic as the cluster first describes it; null when `stop` was aborted before.
 *
 * @throws PulseError `kafka` when the topic does not exist or may not be read, or the cluster cannot
 *   be used for 30 s
 */
async function waitForTopic(
  consumer: Consumer,
  connection: KafkaConnection,
  topic: string,
  stop: AbortSignal,
): Promise<TopicView | null> {
  const until = performance.now() + START_MS
  const backoff = createBackoff(BROKER_RETRY)
  while (!stop.aborted) {
    const found = await tryDescribe(consumer, connection, topic)
    if (typeof found !== 'string') return found
    if (performance.now() > until) throw new PulseError('kafka', found)
    await waitToRetry(backoff, stop)
  }
  return null
}

/** Returns the topic, or a sentence that reports why it cannot be read yet. */
async function tryDescribe(
  consumer: Consumer,
  { brokers }: KafkaConnection,
  topic: string,
): Promise<TopicView | string> {
  let found: TopicView | null
  try {
    found = await describeTopic(consumer, topic)
  } catch (error) {
    const denied = authorizationError(error, [
      { resource: 'Topic', name: topic, operation: 'READ' },
    ])
    if (denied !== null) throw denied
    const message =
      `Kafka at ${brokers.join(', ')} cannot be used (${rootMessageOf(error)}); check that ` +
      '--kafka names its bootstrap servers, and that TLS and SASL are what they expect'
    // A refused login is not repeated: that locks accounts.
    const isRefused = error instanceof Error && findErrorBy(error, 'code', AuthenticationError.code)
    if (isRefused) throw new PulseError('kafka', message, error)
    return message
  }
  if (found === null) {
    throw new PulseError(
      'kafka',
      `the topic "${topic}" does not exist; create it, or fill it with ` +
        '"xdr-pulse produce FILES --topic NAME --create-topic"',
    )
  }
  if (found.leaders.every((leader) => leader >= 0)) return found
  return `the topic "${topic}" has partitions without a leader; check that all its brokers are up`
}
