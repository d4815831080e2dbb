// Membership of a consumer group: static, with its own assignor, and a lease on the assignment.
//
// The state of a partition is stored by the member that read it, together with the position, so a
// partition that moves between members cannot be counted twice. Partitions that stay with a member
// are read during a rebalance: in effect a cooperative rebalance, without its second round.
import { SYSTEM_CLOCK, type Clock } from '../../../src/clock.ts'
import { messageOf, type PulseError } from '../../../src/errors.ts'
import { missingAcl, readingAcls } from '../../../src/kafka/authorization.ts'
import { clientOptions, Consumer, consumerHeartbeatChannel } from '../../../src/kafka/client.ts'
import type { KafkaConnection } from '../../../src/kafka/client.ts'
import {
  BROKER_RETRY,
  createBackoff,
  nextWaitMs,
  resetBackoff,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import { encodeClaims } from './assignment.ts'
import { assigner, protocolOf } from './assignor.ts'
import { closeOffsets, createGroupOffsets, ownPartitions, type GroupOffsets } from './offsets.ts'
import { instanceIdTaken, isFencing, refusalOf } from './refusals.ts'

/** Which group to join, and under which instance id. */
export interface GroupOptions {
  groupId: string
  /** `group.instance.id`: the group recognises the member by it after a restart. */
  instanceId: string
  /** Names of the topics; partition p of all of them goes to one member. */
  topics: readonly string[]
  sessionTimeoutMs: number
}

/** A member of a group. */
export interface Group {
  clock: Clock
  options: GroupOptions
  /** Also used for metadata and offsets of the topics. */
  consumer: Consumer
  offsets: GroupOffsets
  warnings: Warnings
  /** Partitions assigned to this member; null before the first assignment. */
  assigned: readonly number[] | null
  /** Rebalances since the start. */
  rebalances: number
  /** Why this member cannot be in the group, now or later; null for a member that may. */
  excluded: PulseError | null
  /** The member was asked to join, or to leave. */
  joined: boolean
  left: boolean
  /** The clock's `now()` at the start of the last heartbeat, and until which the lease lasts. */
  heartbeatAt: number
  leaseUntil: number
  /** The clock's `now()` of the first of the attempts to join that failed; null for none. */
  refusedAt: number | null
  backoff: Backoff
}

const HEARTBEATS_PER_SESSION = 10

/**
 * Creates a member that has not joined yet.
 *
 * @param claims returns what this member claims of each partition, see `CLAIM`
 */
export function createGroup(
  connection: KafkaConnection,
  options: GroupOptions,
  claims: () => readonly number[],
  warnings: Warnings,
): Group {
  const consumer = createConsumer(connection, options, claims)
  const { groupId, instanceId, topics } = options
  const group: Group = {
    clock: SYSTEM_CLOCK,
    options,
    consumer,
    offsets: createGroupOffsets({ groupId, instanceId, topics, connection, consumer }, (error) => {
      if (isFencing(error)) exclude(group, error)
      else warnings.error('commit', messageIn(options, error))
    }),
    warnings,
    assigned: null,
    rebalances: 0,
    excluded: null,
    joined: false,
    left: false,
    heartbeatAt: -Infinity,
    leaseUntil: -Infinity,
    refusedAt: null,
    backoff: createBackoff(BROKER_RETRY),
  }
  followGroup(group)
  return group
}

function createConsumer(
  connection: KafkaConnection,
  { groupId, instanceId, topics, sessionTimeoutMs }: GroupOptions,
  claims: () => readonly number[],
): Consumer {
  const consumer = new Consumer({
    ...clientOptions(connection),
    groupId,
    groupInstanceId: instanceId,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.max(100, sessionTimeoutMs / HEARTBEATS_PER_SESSION),
    protocols: [{ name: protocolOf(topics), version: 1 }],
    protocolsMetadata: () => encodeClaims(claims()),
    partitionAssigner: assigner(topics),
    retries: 5,
    retryDelay: 200,
  })
  consumer.topics.trackAll(...topics)
  return consumer
}

function followGroup(group: Group): void {
  const { consumer, warnings, options } = group
  consumer.on('consumer:heartbeat:start', () => void (group.heartbeatAt = group.clock.now()))
  consumer.on('consumer:heartbeat:end', () => extendLease(group, group.heartbeatAt))
  consumer.on('consumer:heartbeat:error', ({ error }) => {
    warnings.error('group', messageIn(options, error))
  })
  consumer.on('consumer:group:join', ({ assignments }) => {
    // The same of each topic, as far as it has them.
    const own = [...new Set(assignments?.flatMap(({ partitions }) => partitions))]
    group.rebalances++
    group.assigned = own
    extendLease(group, group.clock.now())
    ownPartitions(group.offsets, own)
  })
  // The package emits it when it has given up rejoining: then only this member can try again.
  consumer.on('error', (error: Error) => rejoinLater(group, error))
  // Heartbeats continue while a fetch or a rejoin waits: they are the first to be refused.
  consumerHeartbeatChannel.error.subscribe((message) => {
    const { client, error } = message as { client?: unknown; error?: unknown }
    if (client === consumer && isFencing(error)) exclude(group, error)
  })
}

/** The message of an error, or the ACL that is missing. */
const messageIn = ({ topics, groupId }: GroupOptions, error: unknown): string =>
  missingAcl(error, readingAcls(topics.join(', '), groupId)) ?? messageOf(error)

/** Joins the group, and tries again until it is joined, left, or refused for good. */
export function joinGroup(group: Group): void {
  if (group.excluded !== null || group.left) return
  group.joined = true
  const askedAt = group.clock.now()
  group.consumer.joinGroup({}).then(
    () => {
      extendLease(group, askedAt)
      group.refusedAt = null
      resetBackoff(group.backoff)
    },
    (error: unknown) => {
      const refusal = refusalOf(error, group.options)
      group.refusedAt ??= askedAt
      const since = askedAt - group.refusedAt
      if (refusal !== null && (!refusal.mayPass || since > group.options.sessionTimeoutMs)) {
        group.excluded ??= refusal.error
      } else rejoinLater(group, refusal?.error ?? error)
    },
  )
}

function rejoinLater(group: Group, error: unknown): void {
  group.warnings.error('group', messageIn(group.options, error))
  setTimeout(() => joinGroup(group), nextWaitMs(group.backoff))
}

/** Gives all partitions back and disconnects; without it the group waits for the session to end. */
export function leaveGroup(group: Group): Promise<void> {
  group.left = true
  closeOffsets(group.offsets)
  return new Promise((resolve) => {
    group.consumer.close(true, (error) => {
      if (error !== null) group.warnings.error('group', messageOf(error))
      resolve()
    })
  })
}

/** True while less than the session timeout has passed since the coordinator last confirmed it. */
export const isMember = ({ excluded, leaseUntil, clock }: Group): boolean =>
  excluded === null && clock.now() < leaseUntil

function extendLease(group: Group, from: number): void {
  group.leaseUntil = from + group.options.sessionTimeoutMs
}

/** Ends the membership of a member whose instance id another process uses now. */
function exclude(group: Group, error: Error): void {
  // In time: the package would rejoin and take the id back, and the other process would do the
  // same.
  if (group.excluded === null) group.consumer.leaveGroup(true, () => undefined)
  closeOffsets(group.offsets)
  group.excluded ??= instanceIdTaken(group.options.instanceId, error)
}
