// Why a group refuses a member for good: broker errors that no retry can change, as sentences.
import { PulseError } from '../../../src/errors.ts'
import { authorizationError, readingAcls } from '../../../src/kafka/authorization.ts'
import { findErrorBy } from '../../../src/kafka/client.ts'

/** True when another process has joined with the same instance id. */
export const isFencing = (error: unknown): error is Error =>
  error instanceof Error && findErrorBy(error, 'apiId', 'FENCED_INSTANCE_ID') !== null

const OTHERS = 'INCONSISTENT_GROUP_PROTOCOL'

/** What of a member a refusal may be about. */
export interface RefusedMember {
  groupId: string
  topics: readonly string[]
  sessionTimeoutMs: number
}

/** A refusal: its error, and whether it may pass within the session of a former member. */
interface Refusal {
  error: PulseError
  mayPass: boolean
}

/** Returns a refusal that no retry can change, except where `mayPass` is true; null for any other error. */
export function refusalOf(
  error: unknown,
  { groupId, topics, sessionTimeoutMs }: RefusedMember,
): Refusal | null {
  const reasons: Readonly<Record<string, string>> = {
    INVALID_SESSION_TIMEOUT:
      `the brokers do not allow --session-timeout ${sessionTimeoutMs}ms; expected a value ` +
      'between their group.min.session.timeout.ms and group.max.session.timeout.ms',
    [OTHERS]:
      `the group "${groupId}" has members with another assignor, or with other topics than ` +
      `${topics.join(', ')}; expected the same --topic in all members: stop the others, or give ` +
      'another name with --group',
  }
  if (!(error instanceof Error)) return null
  const denied = authorizationError(error, readingAcls(topics.join(', '), groupId))
  if (denied !== null) return { error: denied, mayPass: false }
  const found = Object.keys(reasons).find((id) => findErrorBy(error, 'apiId', id) !== null)
  if (found === undefined) return null
  // A member that has stopped is in the group until its session ends, with its former topics.
  return { error: new PulseError('kafka', reasons[found], error), mayPass: found === OTHERS }
}

/** The error of a member whose instance id another process uses now. */
export const instanceIdTaken = (instanceId: string, cause: Error): PulseError =>
  new PulseError(
    'kafka',
    `another process has joined the group as "${instanceId}"; each process needs its own ` +
      'instance id: start one of them with another --instance-id',
    cause,
  )
