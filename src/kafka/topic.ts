// The topic as the cluster describes it: its identity, who leads its partitions, where its logs end.
import { findErrorBy, ListOffsetTimestamps, type Broker, type Consumer } from './client.ts'

/** What is known of a topic. */
export interface TopicView {
  /** Changes when a topic is deleted and made again under the same name. */
  id: string
  partitions: number
  /** By partition: node of its leader, -1 while there is none. */
  leaders: number[]
  brokers: ReadonlyMap<number, Broker>
}

/** Asks the cluster anew; null for a topic that does not exist. */
export async function describeTopic(consumer: Consumer, topic: string): Promise<TopicView | null> {
  try {
    const found = await consumer.metadata({ topics: [topic], forceUpdate: true })
    const known = found.topics.get(topic)
    if (known === undefined) return null
    return {
      id: known.id,
      partitions: known.partitionsCount,
      leaders: known.partitions.map(({ leader }) => leader),
      brokers: found.brokers,
    }
  } catch (error) {
    if (error instanceof Error && isAbsence(error, topic)) return null
    throw error
  }
}

/** The package makes an error without a code out of the broker's. */
const isAbsence = (error: Error, topic: string): boolean =>
  findErrorBy(error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION') !== null ||
  error.message === `Unknown topic ${topic}.`

/** Identity under which positions of a topic are kept: its id, 32 hexadecimal digits. */
export const sourceOf = ({ id }: TopicView): string => id.replaceAll('-', '')

/** Where to begin in a log: its first offset, its end, or the first record of a time (ms). */
export type Start = 'earliest' | 'latest' | number

/** The offset of a start in a partition; its end when nothing is as late as the time. */
export async function offsetAt(
  consumer: Consumer,
  topic: string,
  partition: number,
  start: Start,
): Promise<number> {
  const { EARLIEST, LATEST } = ListOffsetTimestamps
  const timestamp =
    start === 'earliest' ? EARLIEST : start === 'latest' ? LATEST : BigInt(Math.floor(start))
  const only = { topics: [topic], partitions: { [topic]: [partition] } }
  const offset = (await consumer.listOffsets({ ...only, timestamp })).get(topic)?.[partition]
  if (offset !== undefined && offset >= 0n) return Number(offset)
  return start === 'latest' ? 0 : offsetAt(consumer, topic, partition, 'latest')
}
