// Why a group refuses a member for good: broker errors that no retry can change, as sentences.
import { PulseError } from '../../../src/errors.ts'
import { authorizationError, readingAcls } from '../../../src/kafka/authorization.ts'
import { findErrorBy } from '../../../src/kafka/client.ts'

/** True when another process has joined with the same instance id. */
export const isFencing = (error: unknown): error is Error =>
  error instanceof Error && findErrorBy(error, 'apiId', 'FENCED_INSTANCE_ID') !== null

/** What of a member a refusal may be about. */
export interface RefusedMember {
  groupId: string
  topic: string
  sessionTimeoutMs: number
}

/** Returns the error of a refusal that no retry can change; null for any other error. */
export function refusalOf(
  error: unknown,
  { groupId, topic, sessionTimeoutMs }: RefusedMember,
): PulseError | null {
  const reasons: Readonly<Record<string, string>> = {
    INVALID_SESSION_TIMEOUT:
      `the brokers do not allow --session-timeout ${sessionTimeoutMs}ms; expected a value ` +
      'between their group.min.session.timeout.ms and group.max.session.timeout.ms',
    INCONSISTENT_GROUP_PROTOCOL:
      `the group "${groupId}" has members with another assignor; ` +
      'give another name with --group',
  }
  if (!(error instanceof Error)) return null
  const denied = authorizationError(error, readingAcls(topic, groupId))
  if (denied !== null) return denied
  const found = Object.keys(reasons).find((id) => findErrorBy(error, 'apiId', id) !== null)
  return found === undefined ? null : new PulseError('kafka', reasons[found], error)
}

/** The error of a member whose instance id another process uses now. */
export const instanceIdTaken = (instanceId: string, cause: Error): PulseError =>
  new PulseError(
    'kafka',
    `another process has joined the group as "${instanceId}"; each process needs its own ` +
      'instance id: start one of them with another --instance-id',
    cause,
  )
