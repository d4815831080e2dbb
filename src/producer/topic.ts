// The topic that rows are sent to: found, created on request, or refused with a remedy.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError, rootMessageOf } from '../errors.ts'
import { authorizationError, creatingAcls, writingAcls } from '../kafka/authorization.ts'
import { beginningFailed, isNoAnswer } from '../kafka/no-answer.ts'
import {
  Admin,
  clientOptions,
  findErrorBy,
  type ClusterMetadata,
  type KafkaConnection,
} from '../kafka/client.ts'

/** The requested topic. */
export interface TopicRequest {
  topic: string
  /** Number of partitions that it must have; null for any. */
  partitions: number | null
  /** Create the topic when it does not exist. */
  create: boolean
}

/** A topic that exists, with a leader for every partition. */
export interface Topic {
  name: string
  /** UUID; a topic that is deleted and created again gets another one. */
  id: string
  partitions: number
}

type Found = Omit<Topic, 'name'>

/** Three attempts of 3 s: a broker that does not answer is reported after about ten seconds. */
const CONNECT_TIMEOUT_MS = 3000
const RETRIES = 2
const LEADERS_WITHIN_MS = 30_000
const POLL_MS = 200

/** Runs `work` with an admin client, and closes the client. */
export async function withAdmin<T>(
  connection: KafkaConnection,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const options = clientOptions(connection)
  const admin = new Admin({ ...options, retries: RETRIES, connectTimeout: CONNECT_TIMEOUT_MS })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

/**
 * Finds or creates the topic.
 *
 * @throws PulseError `kafka` when no broker answers, the topic does not exist, may not be written or
 *   created, or has another number of partitions
 */
export async function prepareTopic(
  connection: KafkaConnection,
  wanted: TopicRequest,
): Promise<Topic> {
  return withAdmin(connection, async (admin) => {
    const found =
      (await find(admin, connection, wanted.topic)) ?? (await create(admin, connection, wanted))
    const { partitions } = found
    if (wanted.partitions !== null && partitions !== wanted.partitions) {
      throw new PulseError(
        'kafka',
        `topic "${wanted.topic}" has ${partitions} partitions, expected ${wanted.partitions}; omit ` +
          '--partitions to use the topic as it is, or name another topic',
      )
    }
    return { name: wanted.topic, ...found }
  })
}

/** What the cluster knows of the topic; null when it does not exist. */
async function find(
  admin: Admin,
  { brokers }: KafkaConnection,
  topic: string,
): Promise<Found | null> {
  try {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
    const found = metadata.topics.get(topic)
    return found === undefined ? null : { id: found.id, partitions: found.partitionsCount }
  } catch (error) {
    if (isUnknown(error)) return null
    if (findErrorBy(error as Error, 'apiId', 'INVALID_TOPIC_EXCEPTION') !== null) {
      throw new PulseError(
        'kafka',
        `"${topic}" is not a valid topic name; expected 1 to 249 characters of [A-Za-z0-9._-]`,
      )
    }
    const denied = authorizationError(error, writingAcls(topic))
    if (denied !== null) throw denied
    throw beginningFailed(brokers, error)
  }
}

/** The package replaces the protocol's error by its own sentence. */
const isUnknown = (error: unknown): boolean => messageOf(error).startsWith('Unknown topic')

async function create(
  admin: Admin,
  { brokers }: KafkaConnection,
  wanted: TopicRequest,
): Promise<Found> {
  const { topic } = wanted
  if (!wanted.create) {
    throw new PulseError(
      'kafka',
      `topic "${topic}" does not exist; create it, or add --create-topic with --partitions N`,
    )
  }
  try {
    await admin.createTopics({ topics: [topic], partitions: wanted.partitions ?? 1 })
  } catch (error) {
    // Another client may have created it in the meantime.
    if (findErrorBy(error as Error, 'apiId', 'TOPIC_ALREADY_EXISTS') === null) {
      const denied = authorizationError(error, creatingAcls(topic))
      if (denied !== null) throw denied
      if (isNoAnswer(error)) throw beginningFailed(brokers, error)
      throw new PulseError(
        'kafka',
        `topic "${topic}" cannot be created (${rootMessageOf(error)}); check the permissions ` +
          'of this user and the limits of the brokers',
        error,
      )
    }
  }
  for (const end = Date.now() + LEADERS_WITHIN_MS; Date.now() < end;) {
    const metadata = await admin
      .metadata({ topics: [topic], forceUpdate: true, retries: 0 })
      .catch(() => null)
    const partitions = metadata === null ? 0 : ledPartitions(metadata, topic)
    const id = metadata?.topics.get(topic)?.id
    if (partitions > 0 && id !== undefined) return { id, partitions }
    await sleep(POLL_MS)
  }
  throw new PulseError(
    'kafka',
    `topic "${topic}" was created, but some partition has no leader; see the brokers' logs`,
  )
}

/** The topic's number of partitions when each of them has a leader, else 0. */
function ledPartitions({ topics }: ClusterMetadata, topic: string): number {
  const partitions = topics.get(topic)?.partitions ?? []
  return partitions.every(({ leader }) => leader >= 0) ? partitions.length : 0
}
