// Requests that the brokers do not allow: the ACL that is missing, as a sentence.
import { PulseError } from '../errors.ts'
import { findErrorBy } from './client.ts'

/** A right that a request needs: an operation on a named resource. */
export interface Acl {
  resource: 'Topic' | 'Group' | 'TransactionalId' | 'Cluster'
  /** Of several topics their names with ', ' between them. */
  name: string
  /** The name is the beginning of all names that are needed. */
  prefixed?: true
  operation: 'READ' | 'WRITE' | 'CREATE' | 'IDEMPOTENT_WRITE'
}

/** Kafka's errors of requests that are not allowed, by name and by code. */
const DENIED: readonly { id: string; code: number; resource: Acl['resource'] }[] = [
  { id: 'TOPIC_AUTHORIZATION_FAILED', code: 29, resource: 'Topic' },
  { id: 'GROUP_AUTHORIZATION_FAILED', code: 30, resource: 'Group' },
  { id: 'CLUSTER_AUTHORIZATION_FAILED', code: 31, resource: 'Cluster' },
  { id: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', code: 53, resource: 'TransactionalId' },
]

/** Flags of `kafka-acls` that name a resource. */
const FLAGS: Readonly<Record<Acl['resource'], (name: string) => string>> = {
  Topic: (names) => `--topic ${names.replaceAll(', ', ' --topic ')}`,
  Group: (name) => `--group ${name}`,
  TransactionalId: (name) => `--transactional-id ${name}`,
  Cluster: () => '--cluster',
}

/** The resources as a sentence calls them. */
const KINDS: Readonly<Record<Acl['resource'], string>> = {
  Topic: 'topic',
  Group: 'group',
  TransactionalId: 'transactional id',
  Cluster: 'cluster',
}

const OPERATIONS: Readonly<Record<Acl['operation'], string>> = {
  READ: 'Read',
  WRITE: 'Write',
  CREATE: 'Create',
  IDEMPOTENT_WRITE: 'IdempotentWrite',
}

/** The parts of a sentence about an ACL that is missing. */
export interface MissingAcl {
  found: string
  expected: string
  advice: string
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
  const { found, expected, advice } = describeMissing(acl)
  return `${found}; expected ${expected}; ${advice}`
}

/** What a user lacks who has not this ACL, and the command that grants it. */
export function describeMissing({ resource, name, operation, prefixed }: Acl): MissingAcl {
  const id = DENIED.find((denied) => denied.resource === resource)?.id
  const pattern = prefixed === true ? ' (prefixed)' : ''
  const named = ` "${name}"${pattern}`
  const on = resource === 'Cluster' ? 'the cluster' : `the ${KINDS[resource]}${named}`
  return {
    found: `the brokers do not allow this user to ${operation} ${on} (${id})`,
    expected: `the ACL ${resource} ${operation}${resource === 'Cluster' ? '' : ` on${named}`}`,
    advice:
      'grant it: kafka-acls --add --allow-principal User:NAME ' +
      `--operation ${OPERATIONS[operation]} ${FLAGS[resource](name)}` +
      (prefixed === true ? ' --resource-pattern-type prefixed' : ''),
  }
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

/**
 * The ACLs of a producer that keeps its progress in groups, for one operation on the topic.
 *
 * @param names how the names of its groups and transactional ids begin
 */
export const producingAcls = (
  topic: string,
  operation: 'READ' | 'WRITE',
  names: string,
): readonly Acl[] => [
  { resource: 'Topic', name: topic, operation },
  { resource: 'TransactionalId', name: names, operation: 'WRITE', prefixed: true },
  { resource: 'Group', name: names, operation: 'READ', prefixed: true },
]

/** The ACL of a client that creates a topic: on its name, or on the cluster for all names. */
export const creatingAcls = (topic: string): readonly Acl[] => [
  { resource: 'Topic', name: topic, operation: 'CREATE' },
  { resource: 'Cluster', name: '', operation: 'CREATE' },
]
