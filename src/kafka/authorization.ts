// Requests that the brokers do not allow: the ACL that is missing, as a sentence.
import { PulseError } from '../errors.ts'
import { findErrorBy } from './client.ts'

/** A right that a request needs: an operation on a named resource. */
export interface Acl {
  resource: 'Topic' | 'Group' | 'Cluster'
  name: string
  operation: 'READ' | 'WRITE' | 'CREATE' | 'IDEMPOTENT_WRITE'
}

/** Kafka's errors of requests that are not allowed, by name and by code. */
const DENIED: readonly { id: string; code: number; resource: Acl['resource'] }[] = [
  { id: 'TOPIC_AUTHORIZATION_FAILED', code: 29, resource: 'Topic' },
  { id: 'GROUP_AUTHORIZATION_FAILED', code: 30, resource: 'Group' },
  { id: 'CLUSTER_AUTHORIZATION_FAILED', code: 31, resource: 'Cluster' },
]

/** Flags of `kafka-acls` that name a resource. */
const FLAGS: Readonly<Record<Acl['resource'], (name: string) => string>> = {
  Topic: (name) => `--topic ${name}`,
  Group: (name) => `--group ${name}`,
  Cluster: () => '--cluster',
}

const OPERATIONS: Readonly<Record<Acl['operation'], string>> = {
  READ: 'Read',
  WRITE: 'Write',
  CREATE: 'Create',
  IDEMPOTENT_WRITE: 'IdempotentWrite',
}

/**
 * A sentence that names the ACL that a failed request lacks; null for an error of another kind.
 *
 * @param error what was thrown, or an error code of a response
 * @param needed the ACLs of the request; the error decides the resource
 */
export function missingAcl(error: unknown, needed: readonly Acl[]): string | null {
  const denied = DENIED.find(({ id, code }) =>
    typeof error === 'number'
      ? error === code
      : error instanceof Error && findErrorBy(error, 'apiId', id) !== null,
  )
  if (denied === undefined) return null
  const acl = needed.find(({ resource }) => resource === denied.resource)
  if (acl === undefined) return null
  const { resource, name, operation } = acl
  const on = resource === 'Cluster' ? 'the cluster' : `the ${resource.toLowerCase()} "${name}"`
  return (
    `the brokers do not allow this user to ${operation} ${on} (${denied.id}); expected the ACL ` +
    `${resource} ${operation}${resource === 'Cluster' ? '' : ` on "${name}"`}; grant it: ` +
    'kafka-acls --add --allow-principal User:NAME ' +
    `--operation ${OPERATIONS[operation]} ${FLAGS[resource](name)}`
  )
}

/** `missingAcl` as an error. */
export function authorizationError(error: unknown, needed: readonly Acl[]): PulseError | null {
  const sentence = missingAcl(error, needed)
  return sentence === null ? null : new PulseError('kafka', sentence, error)
}

/** The ACLs of a member of a group that reads a topic. */
export const readingAcls = (topic: string, group: string): readonly Acl[] => [
  { resource: 'Topic', name: topic, operation: 'READ' },
  { resource: 'Group', name: group, operation: 'READ' },
]

/** The ACLs of a producer; brokers before 3.0 ask for the one on the cluster. */
export const writingAcls = (topic: string): readonly Acl[] => [
  { resource: 'Topic', name: topic, operation: 'WRITE' },
  { resource: 'Cluster', name: '', operation: 'IDEMPOTENT_WRITE' },
]

/** The ACL of a client that creates a topic: on its name, or on the cluster for all names. */
export const creatingAcls = (topic: string): readonly Acl[] => [
  { resource: 'Topic', name: topic, operation: 'CREATE' },
  { resource: 'Cluster', name: '', operation: 'CREATE' },
]
