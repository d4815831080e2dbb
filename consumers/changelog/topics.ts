// The topics of a changelog: created with the settings that a changelog needs, or checked for them.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseError, rootMessageOf } from '../../src/errors.ts'
import { authorizationError } from '../../src/kafka/authorization.ts'
import {
  Admin,
  clientOptions,
  findErrorBy,
  type Broker,
  type KafkaConnection,
} from '../../src/kafka/client.ts'
import { checkSettings, SETTINGS } from './settings.ts'

/** A request that fails is sent again so often. */
const RETRIES = 5
const READY_MS = 30_000
const POLL_MS = 200

/** A topic of a changelog; it has a partition for each one of the state. */
export interface ChangelogTopic {
  name: string
  id: string
  /** By partition; undefined while a partition has no leader. */
  leaders: (Broker | undefined)[]
}

/** The topics of a changelog. */
export interface ChangelogTopics {
  /** Aggregates by MSISDN. */
  engagement: ChangelogTopic
  /** Everything else, and the markers. */
  state: ChangelogTopic
}

/** The names of the topics of a changelog. */
export const topicNames = (prefix: string): Record<keyof ChangelogTopics, string> => ({
  engagement: `${prefix}.engagement`,
  state: `${prefix}.state`,
})

/**
 * Finds the topics of a changelog, creates those that do not exist, and checks the others.
 *
 * @param partitions number of partitions
 * @param onNote receives a sentence when settings may not be read
 * @throws PulseError `kafka` when a topic cannot be created, or has other settings
 */
export async function prepareChangelog(
  connection: KafkaConnection,
  prefix: string,
  partitions: number,
  onNote: (sentence: string) => void = () => undefined,
): Promise<ChangelogTopics> {
  const admin = new Admin({ ...clientOptions(connection), retries: RETRIES, retryDelay: 200 })
  const names = topicNames(prefix)
  try {
    const engagement = await prepare(admin, names.engagement, partitions, onNote)
    const state = await prepare(admin, names.state, partitions, onNote)
    return { engagement, state }
  } finally {
    await admin.close()
  }
}

/** Finds the topics of a changelog; null while one of them does not exist. */
export async function findChangelog(
  connection: KafkaConnection,
  prefix: string,
): Promise<ChangelogTopics | null> {
  const admin = new Admin({ ...clientOptions(connection), retries: RETRIES, retryDelay: 200 })
  const names = topicNames(prefix)
  try {
    const engagement = await describe(admin, names.engagement)
    const state = await describe(admin, names.state)
    return engagement === null || state === null ? null : { engagement, state }
  } finally {
    await admin.close()
  }
}

async function prepare(
  admin: Admin,
  name: string,
  partitions: number,
  onNote: (sentence: string) => void,
): Promise<ChangelogTopic> {
  let found = await describe(admin, name)
  if (found === null) {
    await create(admin, name, partitions)
    found = await untilLed(admin, name, partitions)
  }
  await checkSettings(admin, name, onNote)
  // The topic that is read has gained partitions.
  if (found.leaders.length < partitions) {
    await grow(admin, name, partitions)
    found = await untilLed(admin, name, partitions)
  }
  return found
}

/** The topic, once all of its partitions have a leader. */
async function untilLed(admin: Admin, name: string, partitions: number): Promise<ChangelogTopic> {
  for (const end = Date.now() + READY_MS; Date.now() < end;) {
    const found = await describe(admin, name)
    if (found !== null && found.leaders.length >= partitions && isLed(found)) return found
    await sleep(POLL_MS)
  }
  throw new PulseError(
    'kafka',
    `topic "${name}" was created or has grown, and has no leader; see the brokers' logs`,
  )
}

async function grow(admin: Admin, name: string, count: number): Promise<void> {
  try {
    await admin.createPartitions({ topics: [{ name, count }] })
  } catch (error) {
    // Another member may have grown it.
    if (error instanceof Error && findErrorBy(error, 'apiId', 'INVALID_PARTITIONS') !== null) return
    throw new PulseError(
      'kafka',
      `topic "${name}" cannot be grown to ${count} partitions (${rootMessageOf(error)}); grow it ` +
        'with "kafka-topics.sh --alter", or give this user the ACL Topic ALTER on it',
      error,
    )
  }
}

const isLed = ({ leaders }: ChangelogTopic): boolean => leaders.every((one) => one !== undefined)

async function describe(admin: Admin, name: string): Promise<ChangelogTopic | null> {
  try {
    // The package takes an unknown topic for a passing error.
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true, retries: 0 })
    const known = metadata.topics.get(name)
    if (known === undefined) return null
    const leaders = known.partitions.map(({ leader }) => metadata.brokers.get(leader))
    return { name, id: known.id, leaders }
  } catch (error) {
    if (rootMessageOf(error).includes('Unknown topic') || isUnknown(error)) return null
    throw denied(error, name) ?? error
  }
}

const isUnknown = (error: unknown): boolean =>
  error instanceof Error &&
  (findErrorBy(error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION') !== null ||
    error.message.startsWith('Unknown topic'))

const denied = (error: unknown, name: string): PulseError | null =>
  authorizationError(error, [
    { resource: 'Topic', name, operation: 'READ' },
    { resource: 'Topic', name, operation: 'WRITE' },
    { resource: 'Topic', name, operation: 'CREATE' },
  ])

async function create(admin: Admin, name: string, partitions: number): Promise<void> {
  const configs = Object.entries(SETTINGS).map(([key, value]) => ({ name: key, value }))
  try {
    await admin.createTopics({ topics: [name], partitions, configs })
  } catch (error) {
    // Another member may have created it.
    if (error instanceof Error && findErrorBy(error, 'apiId', 'TOPIC_ALREADY_EXISTS') !== null)
      return
    throw (
      denied(error, name) ??
      new PulseError('kafka', `topic "${name}" cannot be created (${rootMessageOf(error)})`, error)
    )
  }
}
