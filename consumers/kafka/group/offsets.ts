// Commits durable positions to Kafka's group, for lag tools only: the state has its own positions.
//
// The package's own commit is not used. It leaves out the member's instance id, and rejoins the
// group when the commit is refused: a member whose instance id was taken over would take it back,
// and a member that was away would commit partitions that it no longer owns.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  offsetCommitV8,
  offsetFetchV8,
  openPool,
  type ConnectionPool,
} from '../../../src/kafka/client.ts'
import type { Connection, Consumer, KafkaConnection } from '../../../src/kafka/client.ts'
import {
  BROKER_RETRY,
  createBackoff,
  resetBackoff,
  waitToRetry,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import { decodeBeginning, type CommittedOffset } from './beginning.ts'

/** How far a partition is durable; the offset is exclusive. */
export interface DurableOffset {
  topic: string
  number: number
  offset: number
  leaderEpoch: number
  /** Where reading began, see `encodeBeginning`. */
  metadata: string
}

/** Whose offsets are committed, and how the group is reached. */
export interface GroupOffsetsOptions {
  groupId: string
  instanceId: string
  topics: readonly string[]
  connection: KafkaConnection
  /** Knows the member's id and generation, and finds the coordinator. */
  consumer: Consumer
}

/** The offsets of one member; they are sent in the background. */
export interface GroupOffsets {
  options: GroupOffsetsOptions
  /** Receives each failed commit. */
  onError: (error: unknown) => void
  /** Partitions assigned to the member; offsets of others are not committed. */
  owned: ReadonlySet<number>
  /** By `offsetKey`: the latest offset that is not acknowledged yet. */
  pending: Map<string, DurableOffset>
  /** By `offsetKey`: the offset that Kafka acknowledged since the partition was assigned. */
  committed: Map<string, number>
  /** The sending under way; null for none. */
  sending: Promise<void> | null
  closed: boolean
  pool: ConnectionPool
  backoff: Backoff
  /** Sends offsets to the group; rejects when they are not acknowledged. */
  send: (offsets: GroupOffsets, batch: readonly DurableOffset[]) => Promise<void>
}

/** The key of a partition of a topic; names of topics have no slash. */
export const offsetKey = ({ topic, number }: Pick<DurableOffset, 'topic' | 'number'>): string =>
  `${number}/${topic}`

/** A coordinator that does not respond within this time is asked over a new connection. */
const REQUEST_MS = 5000

/** Offsets of a member that owns no partition yet. */
export const createGroupOffsets = (
  options: GroupOffsetsOptions,
  onError: (error: unknown) => void,
): GroupOffsets => ({
  options,
  onError,
  owned: new Set(),
  pending: new Map(),
  committed: new Map(),
  sending: null,
  closed: false,
  pool: openPool(options.connection, REQUEST_MS),
  backoff: createBackoff(BROKER_RETRY),
  send: sendOrReconnect,
})

/** Sets the partitions of the member; forgets those that are no longer its own. */
export function ownPartitions(offsets: GroupOffsets, partitions: readonly number[]): void {
  offsets.owned = new Set(partitions)
  for (const map of [offsets.pending, offsets.committed]) {
    for (const key of map.keys()) if (!offsets.owned.has(parseInt(key))) map.delete(key)
  }
}

/** Sends offsets in the background; a newer offset of a partition replaces one that still waits. */
export function commitOffsets(offsets: GroupOffsets, durable: readonly DurableOffset[]): void {
  for (const one of durable)
    if (offsets.owned.has(one.number)) offsets.pending.set(offsetKey(one), one)
  offsets.sending ??= sendPending(offsets).finally(() => (offsets.sending = null))
}

/** Resolves when all offsets are acknowledged, or after `withinMs`. */
export async function settleOffsets(offsets: GroupOffsets, withinMs: number): Promise<void> {
  await Promise.race([offsets.sending, sleep(withinMs, undefined, { ref: false })])
}

/** Ends all sending. */
export function closeOffsets(offsets: GroupOffsets): void {
  offsets.closed = true
  closePool(offsets.pool)
}

async function sendPending(offsets: GroupOffsets): Promise<void> {
  const { pending, committed } = offsets
  while (pending.size > 0 && !offsets.closed) {
    const batch = [...pending.values()]
    try {
      await offsets.send(offsets, batch)
    } catch (error) {
      offsets.onError(error)
      await waitToRetry(offsets.backoff)
      continue
    }
    resetBackoff(offsets.backoff)
    for (const one of batch) {
      if (pending.get(offsetKey(one)) === one) pending.delete(offsetKey(one))
      if (offsets.owned.has(one.number)) committed.set(offsetKey(one), one.offset)
    }
  }
}

/**
 * Fetches the offset that the group has committed for a partition, by whatever member or program.
 *
 * @returns null when there is none
 * @throws when the coordinator cannot be asked now
 */
export async function fetchCommitted(
  { options, pool }: GroupOffsets,
  name: string,
  partition: number,
): Promise<CommittedOffset | null> {
  const { groupId } = options
  const link = await coordinatorOf(options, pool)
  const topics = [{ name, partitionIndexes: [partition] }]
  const asked = [{ groupId, memberEpoch: -1, topics }]
  const { groups } = await offsetFetchV8.api.async(link, asked, false)
  const found = groups.at(0)?.topics.at(0)?.partitions.at(0)
  if (found === undefined || found.committedOffset < 0n) return null
  return {
    offset: Number(found.committedOffset),
    beginning: decodeBeginning(found.metadata ?? null),
  }
}

async function sendOrReconnect(
  offsets: GroupOffsets,
  batch: readonly DurableOffset[],
): Promise<void> {
  try {
    await send(offsets, batch)
  } catch (error) {
    closePool(offsets.pool)
    offsets.pool = openPool(offsets.options.connection, REQUEST_MS)
    throw error
  }
}

async function send(
  { options, pool }: GroupOffsets,
  batch: readonly DurableOffset[],
): Promise<void> {
  const { groupId, instanceId, topics: names, consumer } = options
  const { memberId, generationId } = consumer
  if (memberId === null) throw new Error('offsets wait until the group is joined')
  const link = await coordinatorOf(options, pool)
  const topics = names.flatMap((name) => {
    const partitions = batch
      .filter(({ topic }) => topic === name)
      .map(({ number, offset, leaderEpoch, metadata }) => ({
        partitionIndex: number,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      }))
    return partitions.length === 0 ? [] : [{ name, partitions }]
  })
  await offsetCommitV8.api.async(link, groupId, generationId, memberId, instanceId, topics)
}

async function coordinatorOf(
  { consumer, topics }: GroupOffsetsOptions,
  pool: ConnectionPool,
): Promise<Connection> {
  const coordinator = await consumer.findGroupCoordinator()
  const { brokers } = await consumer.metadata({ topics: [...topics] })
  const broker = brokers.get(coordinator)
  if (broker === undefined)
    throw new Error(`the coordinator, broker ${coordinator}, is not available`)
  return pool.get(broker)
}

/** A connection that is down may fail to close, which changes nothing. */
const closePool = (pool: ConnectionPool): void => void pool.close().catch(() => undefined)
