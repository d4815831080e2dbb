// The checks of `doctor` on a cluster: brokers, topic, rights, keys, and clocks.
import { rootMessageOf } from '../../../src/errors.ts'
import {
  describeMissing,
  missingAcl,
  readingAcls,
  writingAcls,
  type Acl,
} from '../../../src/kafka/authorization.ts'
import {
  clientOptions,
  Consumer,
  describeGroupsV5,
  metadataV12,
  type Broker,
  type Connection,
  type KafkaConnection,
} from '../../../src/kafka/client.ts'
import { ask, closeLink, hasError, openLink, type Link } from '../../../src/kafka/coordinators.ts'
import { sourceOf } from '../../../src/kafka/topic.ts'
import type { KeySample } from '../../../src/record/topic-keys.ts'
import { ok, type Check } from './check.ts'
import { boundsOf, checkTopic, clockCheck, keysCheck, logsCheck, type KeysToCheck } from './logs.ts'

/** What is checked. */
export interface ClusterToCheck extends KeysToCheck {
  group: string
  /** Null for none. */
  deadLetterTopic: string | null
}

/** A topic of which the logs could be checked. */
export interface CheckedTopic {
  topic: string
  source: string
  /** By partition: the bounds of its log. */
  starts: number[]
  ends: number[]
  /** What its keys show; null where there is nothing to show. */
  sample: KeySample | null
}

/** What the checks of a topic found, for those of the state. */
export interface CheckedCluster {
  checks: Check[]
  /** The topic's source and the bounds of its logs; null when they cannot be read. */
  logs: CheckedTopic | null
}

const REQUEST_MS = 10_000
/** Kafka's numbers of operations in the bit sets of what is allowed. */
const OPERATION_BITS = { READ: 3, WRITE: 4, CREATE: 5, IDEMPOTENT_WRITE: 12 } as const
/** The bit set of a broker that was not asked, or does not know. */
const UNKNOWN_OPERATIONS = -(2 ** 31)

/** Checks the cluster for one topic; what cannot be checked after a failure is left out. */
export async function checkCluster(to: ClusterToCheck): Promise<CheckedCluster> {
  const { connection, topic } = to
  const link = openLink(connection)
  const consumer = new Consumer({
    ...clientOptions(connection),
    ...{ groupId: to.group, retries: 1, retryDelay: 200, timeout: REQUEST_MS },
  })
  const checks: Check[] = []
  const none = { checks, logs: null }
  try {
    const broker = await checkBrokers(checks, connection, link)
    if (broker === null) return none
    const mayRead = await attempt(checks, 'rights', () => checkRights(checks, broker, link, to))
    if (mayRead !== true) return none
    const view = await attempt(checks, 'topic', () => checkTopic(checks, consumer, topic))
    if (view === null) return none
    const logs = await attempt(checks, 'log', () => boundsOf(consumer, topic, view))
    if (logs === null) return none
    checks.push(logsCheck(logs))
    const keys = await attempt(checks, 'keys', () => keysCheck(consumer, view, to))
    const clock = await attempt(checks, 'clock', () => clockCheck(consumer, topic, view))
    if (keys !== null) checks.push(keys.check)
    if (clock !== null) checks.push(clock)
    const found = { topic, source: sourceOf(view), sample: keys?.sample ?? null }
    return { checks, logs: { ...found, ...logs } }
  } finally {
    // Not awaited: a connection that is down may take long to close.
    void closeLink(link)
    void consumer.close(true).catch(() => undefined)
  }
}

/** The result of `work`; null when it fails in a way that it does not explain: a failed check. */
async function attempt<T>(
  checks: Check[],
  check: string,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    const advice =
      'check that --kafka names brokers of Kafka 3.1 or newer and no other service, and look into ' +
      'their logs'
    const found = `the brokers do not answer as expected (${rootMessageOf(error)})`
    checks.push({ check, result: 'failed', found, advice })
    return null
  }
}

/** The security protocol of Kafka, and the SASL mechanism. */
function securityOf({ tls, sasl }: KafkaConnection): string {
  const protocol = `${sasl === null ? '' : 'SASL_'}${tls === null ? 'PLAINTEXT' : 'SSL'}`
  return sasl === null ? protocol : `${protocol}, ${sasl.mechanism}`
}

const brokerOf = (address: string): Broker => {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** Connects to each bootstrap server; returns one connection, or null when there is none. */
async function checkBrokers(
  checks: Check[],
  connection: KafkaConnection,
  { pool }: Link,
): Promise<Connection | null> {
  let found: Connection | null = null
  for (const address of connection.brokers) {
    try {
      found = await pool.get(brokerOf(address))
      const text = `${address} accepts the connection (${securityOf(connection)})`
      checks.push(ok('bootstrap server', text))
    } catch (error) {
      checks.push({
        check: 'bootstrap server',
        result: 'failed',
        found: `${address} cannot be used (${rootMessageOf(error)})`,
        advice: 'check the address in --kafka, that the broker runs, and TLS and SASL options',
      })
    }
  }
  return found
}

/** Asks the brokers what this user may do; false when the topic may not be read. */
async function checkRights(
  checks: Check[],
  broker: Connection,
  link: Link,
  { topic, group, deadLetterTopic }: ClusterToCheck,
): Promise<boolean> {
  const [readTopic, readGroup] = readingAcls(topic, group)
  const acls = [readTopic, ...(deadLetterTopic === null ? [] : [writingAcls(deadLetterTopic)[0]])]
  const found: Check[] = []
  for (const acl of acls) {
    const allowed = await topicOperations(broker, acl)
    // What does not exist has no rights; the check of the topic reports it.
    if (allowed !== null) found.push(rightCheck(acl, allowed))
  }
  const mayRead = found.every(({ result }, at) => at > 0 || result !== 'failed')
  checks.push(...found, rightCheck(readGroup, await groupOperations(link, group)))
  return mayRead
}

/** The bit set of what is allowed on a topic; null when it does not exist. */
async function topicOperations(broker: Connection, acl: Acl): Promise<number | null> {
  try {
    const { topics } = await metadataV12.api.async(broker, [acl.name], false, true)
    return topics.at(0)?.topicAuthorizedOperations ?? UNKNOWN_OPERATIONS
  } catch (error) {
    if (missingAcl(error, [acl]) !== null) return 0
    if (hasError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return null
    throw error
  }
}

async function groupOperations(link: Link, group: string): Promise<number> {
  const needed = readingAcls('', group)
  try {
    const { groups } = await ask(link, 'group', group, REQUEST_MS, (connection) =>
      describeGroupsV5.api.async(connection, [group], true),
    )
    const described = groups.at(0)
    if (described === undefined) return UNKNOWN_OPERATIONS
    return missingAcl(described.errorCode, needed) === null ? described.authorizedOperations : 0
  } catch (error) {
    if (missingAcl(error, needed) !== null) return 0
    throw error
  }
}

function rightCheck(acl: Acl, allowed: number): Check {
  const { resource, operation, name } = acl
  const check = `right ${resource} ${operation}`
  if (allowed === UNKNOWN_OPERATIONS) {
    return { check, result: 'skipped', found: 'the brokers do not report rights', advice: null }
  }
  if ((allowed & (1 << OPERATION_BITS[operation])) !== 0) return ok(check, `granted on "${name}"`)
  const { found, expected, advice } = describeMissing(acl)
  return { check, result: 'failed', found: `${found}; expected ${expected}`, advice }
}
