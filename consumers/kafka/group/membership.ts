// Membership of a consumer group: static, with our own assignment, and a lease on what is assigned.
//
// The state of a partition lies with the member that read it, together with the position, so no
// hand-over between members can count a row twice. What stays with a member through a rebalance is
// read on meanwhile: in effect a cooperative rebalance, without its second round.
import { performance } from 'node:perf_hooks'
import { messageOf, PulseError } from '../../../src/errors.ts'
import { assignPartitions, decodeClaims, encodeClaims } from './assignment.ts'
import { createGroupOffsets, type DurableOffset } from './offsets.ts'
import {
  clientOptions,
  Consumer,
  consumerHeartbeatChannel,
  findErrorBy,
} from '../../../src/kafka/client.ts'
import type { GroupPartitionsAssigner, KafkaConnection } from '../../../src/kafka/client.ts'

export interface GroupOptions {
  groupId: string
  /** Name under which the group knows this member again after a restart. */
  instanceId: string
  topic: string
  sessionTimeoutMs: number
}

export interface GroupListener {
  /** The partitions that are this member's now. */
  onAssigned: (partitions: readonly number[]) => void
  onError: (kind: 'group' | 'commit', message: string) => void
  /** Another process has this member's name, or the group never takes it: nothing may be read. */
  onExcluded: (error: PulseError) => void
}

export interface Group {
  /** For metadata and offsets of the topic. */
  consumer: Consumer
  join: () => void
  /** Gives everything back and disconnects; without it the group waits for the session to end. */
  leave: () => Promise<void>
  /** Fewer than the session timeout has passed since the coordinator last knew this member. */
  isMember(): boolean
  rebalances(): number
  /** Tells Kafka what is durable; for lag tools only. */
  commit: (offsets: readonly DurableOffset[]) => void
  /** By partition: what Kafka has acknowledged since the partition was last taken. */
  committed: ReadonlyMap<number, number>
  /** Resolves when Kafka has been told what is durable, or after so long. */
  settled: (withinMs: number) => Promise<void>
}

const HEARTBEATS_A_SESSION = 10
const REJOIN_MS = 1000
const PROTOCOL = 'xdr-pulse'

/**
 * A member of a group, not joined yet.
 *
 * @param claims what this member says of each partition, see CLAIM
 */
export function createGroup(
  connection: KafkaConnection,
  options: GroupOptions,
  claims: () => readonly number[],
  listener: GroupListener,
): Group {
  const { groupId, instanceId, topic, sessionTimeoutMs } = options
  const consumer = new Consumer({
    ...clientOptions(connection, instanceId),
    groupId,
    groupInstanceId: instanceId,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.max(100, sessionTimeoutMs / HEARTBEATS_A_SESSION),
    protocols: [{ name: PROTOCOL, version: 1 }],
    protocolsMetadata: () => encodeClaims(claims()),
    partitionAssigner: assigner(topic),
    retries: 5,
    retryDelay: 200,
  })
  consumer.topics.trackAll(topic)
  let lease = -Infinity
  let beat = 0
  let rebalances = 0
  let fenced = false
  let left = false
  const extend = (from: number): void => void (lease = from + sessionTimeoutMs)
  const fence = (error: Error): void => {
    // In time: the package would take the name back from the other process, and so on for ever.
    if (!fenced) consumer.leaveGroup(true, () => undefined)
    fenced = true
    offsets.close()
    listener.onExcluded(nameTaken(instanceId, error))
  }
  const offsets = createGroupOffsets(
    { groupId, instanceId, topic, connection, consumer },
    (error) => {
      if (isFencing(error)) fence(error)
      else listener.onError('commit', messageOf(error))
    },
  )
  const join = (): void => {
    if (fenced || left) return
    const asked = performance.now()
    consumer.joinGroup({}).then(
      () => extend(asked),
      (error: unknown) => {
        const refusal = refusalOf(error, options)
        if (refusal !== null) {
          listener.onExcluded(refusal)
          return
        }
        listener.onError('group', messageOf(error))
        setTimeout(join, REJOIN_MS)
      },
    )
  }
  consumer.on('consumer:heartbeat:start', () => void (beat = performance.now()))
  consumer.on('consumer:heartbeat:end', () => extend(beat))
  consumer.on('consumer:heartbeat:error', ({ error }) => {
    listener.onError('group', messageOf(error))
  })
  consumer.on('consumer:group:join', ({ assignments }) => {
    rebalances++
    extend(performance.now())
    const own = assignments?.find((assignment) => assignment.topic === topic)
    offsets.own(own?.partitions ?? [])
    listener.onAssigned(own?.partitions ?? [])
  })
  // The package emits it when a rejoin has failed for good: then nobody tries again but we.
  consumer.on('error', (error: Error) => {
    listener.onError('group', messageOf(error))
    setTimeout(join, REJOIN_MS)
  })
  watchFencing(consumer, fence)
  return {
    consumer,
    join,
    leave: () =>
      new Promise((resolve) => {
        left = true
        offsets.close()
        consumer.close(true, (error) => {
          if (error !== null) listener.onError('group', messageOf(error))
          resolve()
        })
      }),
    isMember: () => !fenced && performance.now() < lease,
    rebalances: () => rebalances,
    committed: offsets.committed,
    commit: offsets.commit,
    settled: offsets.settled,
  }
}

/** Heartbeats go on while a fetch or a rejoin waits: they hear of it first. */
function watchFencing(consumer: Consumer, onFenced: (error: Error) => void): void {
  consumerHeartbeatChannel.error.subscribe((message) => {
    const { client, error } = message as { client?: unknown; error?: unknown }
    if (client === consumer && isFencing(error)) onFenced(error)
  })
}

const isFencing = (error: unknown): error is Error =>
  error instanceof Error && findErrorBy(error, 'apiId', 'FENCED_INSTANCE_ID') !== null

/** What no waiting mends, in words; null for all else. */
function refusalOf(error: unknown, options: GroupOptions): PulseError | null {
  const { groupId, sessionTimeoutMs } = options
  const reasons: Readonly<Record<string, string>> = {
    INVALID_SESSION_TIMEOUT:
      `the brokers do not allow --session-timeout ${sessionTimeoutMs}ms; their ` +
      'group.min.session.timeout.ms and group.max.session.timeout.ms say what they do',
    INCONSISTENT_GROUP_PROTOCOL: `the group "${groupId}" belongs to consumers of another kind; give --group another name`,
    GROUP_AUTHORIZATION_FAILED: `the brokers do not allow this user the group "${groupId}"`,
  }
  if (!(error instanceof Error)) return null
  const found = Object.keys(reasons).find((id) => findErrorBy(error, 'apiId', id) !== null)
  return found === undefined ? null : new PulseError('kafka', reasons[found], error)
}

const nameTaken = (instanceId: string, cause: Error): PulseError =>
  new PulseError(
    'kafka',
    `another process has joined the group as "${instanceId}"; every process needs a name of its ` +
      'own: give one of them another --instance-id',
    cause,
  )

const assigner =
  (topic: string): GroupPartitionsAssigner =>
  (_, members, __, metadata) => {
    const claims = new Map(
      [...members].map(([name, { metadata: said }]) => [
        name,
        decodeClaims(typeof said === 'string' ? Buffer.from(said) : said),
      ]),
    )
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0
    return [...assignPartitions(claims, count)].map(([memberId, partitions]) => ({
      memberId,
      assignments: new Map([[topic, { topic, partitions }]]),
    }))
  }
