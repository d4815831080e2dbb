// A topic as the cluster describes it: id, leaders of its partitions, offsets by time.
import { findErrorBy, ListOffsetTimestamps, type Broker, type Consumer } from './client.ts'

/** The metadata of a topic. */
export interface TopicView {
  /** UUID; a topic that is deleted and recreated under the same name gets another one. */
  id: string
  /** Number of partitions. */
  partitions: number
  /** By partition: node id of the leader; -1 while there is none. */
  leaders: number[]
  /** By node id. */
  brokers: ReadonlyMap<number, Broker>
}

/** Fetches the metadata of a topic; returns null when it does not exist. */
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

/** The package turns the broker's error into one without a code. */
const isAbsence = (error: Error, topic: string): boolean =>
  findErrorBy(error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION') !== null ||
  error.message === `Unknown topic ${topic}.`

/** Key under which positions of a topic are stored: its id as 32 hexadecimal digits. */
export const sourceOf = ({ id }: TopicView): string => id.replaceAll('-', '')

/** Where to start in a log: its first offset, its end, or the first record from a UTC ms on. */
export type Start = 'earliest' | 'latest' | number

/** Looks up the offset of a start in a partition; its end when no record is as late as the time. */
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
