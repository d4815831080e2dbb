// Membership of a consumer group: static, with our own assignment, and a lease on what is assigned.
//
// The state of a partition lies with the member that read it, together with the position, so no
// hand-over between members can count a row twice. What stays with a member through a rebalance is
// read on meanwhile: in effect a cooperative rebalance, without its second round.
import { performance } from 'node:perf_hooks'
import { messageOf, PulseError } from '../src/errors.ts'
import { assignPartitions, decodeClaims, encodeClaims } from './assign.ts'
import { clientOptions, Consumer, consumerHeartbeatChannel, findErrorBy } from './kafka-client.ts'
import type { GroupPartitionsAssigner, KafkaConnection } from './kafka-client.ts'

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
  /** Another process has taken this member's name: nothing may be read any more. */
  onFenced: (error: PulseError) => void
}

export interface Group {
  /** For metadata and offsets of the topic. */
  consumer: Consumer
  join: () => void
  /** Gives everything back at once; without it the group waits for the session to end. */
  leave: () => Promise<void>
  /** Fewer than the session timeout has passed since the coordinator last knew this member. */
  isMember(): boolean
  rebalances(): number
  /** Tells Kafka what is durable; for lag tools only, so an error is reported and forgotten. */
  commit(offsets: readonly { partition: number; offset: number; leaderEpoch: number }[]): void
  /** By partition: what Kafka has acknowledged as committed in this process. */
  committed: Map<number, number>
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
  let committing = false
  const committed = new Map<number, number>()
  const extend = (from: number): void => void (lease = from + sessionTimeoutMs)
  const join = (): void => {
    const asked = performance.now()
    consumer.joinGroup({}).then(
      () => extend(asked),
      (error: unknown) => {
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
    listener.onAssigned(own?.partitions ?? [])
  })
  // The package emits it when a rejoin has failed for good: then nobody tries again but we.
  consumer.on('error', (error: Error) => {
    listener.onError('group', messageOf(error))
    setTimeout(join, REJOIN_MS)
  })
  watchFencing(consumer, instanceId, listener)
  return {
    consumer,
    join,
    leave: () =>
      new Promise((resolve) => {
        consumer.leaveGroup(true, (error) => {
          if (error !== null) listener.onError('group', messageOf(error))
          resolve()
        })
      }),
    isMember: () => performance.now() < lease,
    rebalances: () => rebalances,
    committed,
    commit(offsets) {
      if (committing || offsets.length === 0) return
      committing = true
      const list = offsets.map(({ offset, ...rest }) => ({
        topic,
        offset: BigInt(offset),
        ...rest,
      }))
      consumer
        .commit({ offsets: list })
        .then(() => {
          for (const { partition, offset } of offsets) committed.set(partition, offset)
        })
        .catch((error: unknown) => listener.onError('commit', messageOf(error)))
        .finally(() => (committing = false))
    },
  }
}

/** The package would take the name back from the other process, and so on for ever. */
function watchFencing(consumer: Consumer, instanceId: string, listener: GroupListener): void {
  consumerHeartbeatChannel.error.subscribe((message) => {
    const { client, error } = message as { client?: unknown; error?: Error }
    if (client !== consumer || !(error instanceof Error)) return
    if (findErrorBy(error, 'apiId', 'FENCED_INSTANCE_ID') === null) return
    listener.onFenced(
      new PulseError(
        'kafka',
        `another process has joined the group as "${instanceId}"; every process needs a name of ` +
          'its own: give one of them another --instance-id',
        error,
      ),
    )
  })
}

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
