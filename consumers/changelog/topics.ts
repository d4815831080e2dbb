// The topics of a changelog: created with the settings that a changelog needs, or checked for them.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseError, rootMessageOf } from '../../src/errors.ts'
import { authorizationError } from '../../src/kafka/authorization.ts'
import {
  Admin,
  clientOptions,
  ConfigResourceTypes,
  findErrorBy,
  type Broker,
  type KafkaConnection,
} from '../../src/kafka/client.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The settings of a topic of a changelog. */
const SETTINGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': String(HOUR_MS),
  'max.compaction.lag.ms': String(7 * DAY_MS),
  'delete.retention.ms': String(7 * DAY_MS),
  'segment.ms': String(DAY_MS),
  'message.timestamp.type': 'CreateTime',
}

/** What a topic that exists must fulfil; the others are a choice of its operator. */
const REQUIRED: readonly (readonly [
  name: string,
  isRight: (value: string) => boolean,
  expected: string,
])[] = [
  ['cleanup.policy', (value) => value === 'compact', 'compact'],
  ['min.compaction.lag.ms', (value) => Number(value) >= HOUR_MS, `at least ${HOUR_MS}`],
  ['delete.retention.ms', (value) => Number(value) >= DAY_MS, `at least ${DAY_MS}`],
]

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
  const admin = new Admin({ ...clientOptions(connection), retries: 5, retryDelay: 200 })
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
  const admin = new Admin({ ...clientOptions(connection), retries: 5, retryDelay: 200 })
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
    for (const end = Date.now() + READY_MS; found === null || !isLed(found);) {
      if (Date.now() > end) {
        throw new PulseError(
          'kafka',
          `topic "${name}" was created and has no leader; see the brokers' logs`,
        )
      }
      await sleep(POLL_MS)
      found = await describe(admin, name)
    }
  }
  const settings = await readSettings(admin, name)
  if (settings === null) {
    onNote(
      `the settings of topic "${name}" are not checked: expected the ACL Topic DESCRIBE_CONFIGS on it`,
    )
  } else requireSettings(settings, name)
  if (found.leaders.length !== partitions) {
    throw new PulseError(
      'kafka',
      `topic "${name}" has ${found.leaders.length} partitions, expected ${partitions} as the topic ` +
        'that is read; name another prefix with --changelog',
    )
  }
  return found
}

const isLed = ({ leaders }: ChangelogTopic): boolean => leaders.every((one) => one !== undefined)

async function describe(admin: Admin, name: string): Promise<ChangelogTopic | null> {
  try {
    const metadata = await admin.metadata({ topics: [name], forceUpdate: true })
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

/** The settings of a topic by name; null when this user may not read them. */
async function readSettings(
  admin: Admin,
  name: string,
): Promise<ReadonlyMap<string, string> | null> {
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name }]
  try {
    const [{ configs }] = await admin.describeConfigs({ resources })
    return new Map(configs.map((config) => [config.name, config.value ?? '']))
  } catch (error) {
    const isDenied =
      error instanceof Error && findErrorBy(error, 'apiId', 'TOPIC_AUTHORIZATION_FAILED') !== null
    if (isDenied) return null
    throw error
  }
}

function requireSettings(found: ReadonlyMap<string, string>, name: string): void {
  for (const [setting, isRight, expected] of REQUIRED) {
    const value = found.get(setting)
    if (value === undefined || isRight(value)) continue
    throw new PulseError(
      'kafka',
      `topic "${name}" has ${setting}=${value}, expected ${expected}; change it with ` +
        `"kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config ${setting}=…"`,
    )
  }
}
