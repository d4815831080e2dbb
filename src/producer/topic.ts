// The topic that rows are sent to: found, made if asked, or refused with what to do.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../errors.ts'
import {
  Admin,
  clientOptions,
  findErrorBy,
  type ClusterMetadata,
  type KafkaConnection,
} from '../kafka/client.ts'
import { reasonOf } from './errors.ts'

/** What is wanted of a topic. */
export interface TopicWish {
  topic: string
  /** Partitions that it must have; null for any number. */
  partitions: number | null
  /** Make it when it does not exist. */
  create: boolean
}

/** A topic that exists, with a leader for every partition. */
export interface Topic {
  name: string
  partitions: number
}

/** Both together stay below the time after which a person thinks that nothing happens. */
const CONNECT_TIMEOUT_MS = 3000
const RETRIES = 2
const LEADERS_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 200

/** Runs `work` with an admin client that is closed afterwards. */
export async function withAdmin<T>(
  connection: KafkaConnection,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const options = clientOptions(connection, 'xdr-pulse-produce')
  const admin = new Admin({ ...options, retries: RETRIES, connectTimeout: CONNECT_TIMEOUT_MS })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

/**
 * The topic as wished, made if need be.
 *
 * @throws PulseError `kafka` when no broker answers, or the topic is not there or another one
 */
export async function prepareTopic(connection: KafkaConnection, wish: TopicWish): Promise<Topic> {
  return withAdmin(connection, async (admin) => {
    const found = (await find(admin, connection, wish.topic)) ?? (await make(admin, wish))
    if (wish.partitions !== null && found !== wish.partitions) {
      throw new PulseError(
        'kafka',
        `topic "${wish.topic}" has ${found} partitions, expected ${wish.partitions}: leave out ` +
          '--partitions to take it as it is, or name another topic',
      )
    }
    return { name: wish.topic, partitions: found }
  })
}

/** Its number of partitions, null when it does not exist. */
async function find(
  admin: Admin,
  { brokers }: KafkaConnection,
  topic: string,
): Promise<number | null> {
  try {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
    return metadata.topics.get(topic)?.partitionsCount ?? null
  } catch (error) {
    if (isUnknown(error)) return null
    if (findErrorBy(error as Error, 'apiId', 'INVALID_TOPIC_EXCEPTION') !== null) {
      throw new PulseError('kafka', `"${topic}" is no name for a topic; expected up to 249 of a-z`)
    }
    throw new PulseError(
      'kafka',
      `no answer from Kafka at ${brokers.join(', ')} (${reasonOf(error)}); check --kafka, that ` +
        'the brokers run, and how they are secured',
      error,
    )
  }
}

/** The package puts a sentence of its own in place of the protocol's error. */
const isUnknown = (error: unknown): boolean => messageOf(error).startsWith('Unknown topic')

async function make(admin: Admin, { topic, partitions, create }: TopicWish): Promise<number> {
  if (!create) {
    throw new PulseError(
      'kafka',
      `topic "${topic}" does not exist; make it, or add --create-topic with --partitions N`,
    )
  }
  const wanted = partitions ?? 1
  try {
    await admin.createTopics({ topics: [topic], partitions: wanted })
  } catch (error) {
    // Somebody else may have made it just now.
    if (findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS') === null) {
      throw new PulseError('kafka', `topic "${topic}" cannot be made: ${reasonOf(error)}`, error)
    }
  }
  for (const end = Date.now() + LEADERS_WITHIN_MS; Date.now() < end;) {
    const made = await admin
      .metadata({ topics: [topic], forceUpdate: true, retries: 0 })
      .catch(() => null)
    const count = made === null ? 0 : leadersOf(made, topic)
    if (count > 0) return count
    await sleep(LOOK_EVERY_MS)
  }
  throw new PulseError('kafka', `topic "${topic}" was made, but has no leaders; see the brokers`)
}

/** How many partitions a topic has when each of them has a leader, else 0. */
function leadersOf({ topics }: ClusterMetadata, topic: string): number {
  const partitions = topics.get(topic)?.partitions ?? []
  return partitions.every(({ leader }) => leader >= 0) ? partitions.length : 0
}
