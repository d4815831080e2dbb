// The settings of the topics of a changelog: those of new topics, and what existing ones must fulfil.
import { PulseError } from '../../src/errors.ts'
import { ConfigResourceTypes, findErrorBy, type Admin } from '../../src/kafka/client.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** The settings of a topic of a changelog. */
export const SETTINGS: Readonly<Record<string, string>> = {
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

/**
 * Checks the settings of a topic.
 *
 * @param onNote receives a sentence when this user may not read them
 * @throws PulseError `kafka` with what differs
 */
export async function checkSettings(
  admin: Admin,
  name: string,
  onNote: (sentence: string) => void,
): Promise<void> {
  const settings = await readSettings(admin, name)
  if (settings !== null) {
    requireSettings(settings, name)
    return
  }
  onNote(
    `the settings of topic "${name}" are not checked: expected the ACL Topic DESCRIBE_CONFIGS on it`,
  )
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
