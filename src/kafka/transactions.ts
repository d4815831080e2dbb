// The requests of a transactional producer (KIP-98): who it is, what a transaction holds, its end.
//
// InitProducerId is sent with producer id -1 and epoch -1 to take over: the brokers then raise the
// epoch and refuse the earlier producer. The package's own beginTransaction() sends 0 and 0, after
// which the earlier producer wins. With the producer's own id and epoch the request asks whether it
// is still the owner (KIP-360): the brokers raise the epoch, or answer PRODUCER_FENCED.
//
// The versions are the latest ones before KIP-890: brokers from 3.0 on know them.
import { ask, hasError, type Link } from './coordinators.ts'
import {
  addOffsetsToTxnV3,
  addPartitionsToTxnV3,
  describeTransactionsV0,
  endTxnV3,
  initProducerIdV4,
  offsetFetchV8,
  txnOffsetCommitV3,
} from './client.ts'

/** A producer as the cluster knows it: a later one of the same transactional id has a later epoch. */
export interface Producer {
  transactionalId: string
  id: bigint
  epoch: number
}

/** An offset of a group with its text; `partition` of a topic. */
export interface GroupOffset {
  group: string
  topic: string
  partition: number
  offset: number
  metadata: string
}

/** A transaction without an end is aborted by the brokers after this time. */
export const TRANSACTION_TIMEOUT_MS = 60_000
/** Markers of a transaction are written within milliseconds; the caller reports longer waits. */
const PASSING_MS = 2000
/** The code of an offset that is not committed. */
const NO_OFFSET = -1n

/**
 * Takes over a transactional id: the open transaction of its earlier producer is aborted, and that
 * producer is refused from now on.
 */
export const takeOver = (
  link: Link,
  transactionalId: string,
  withinMs: number,
): Promise<Producer> => initProducer(link, { transactionalId, id: -1n, epoch: -1 }, withinMs)

/**
 * Asks for a new epoch of a producer; aborts its own open transaction.
 *
 * @throws an error with PRODUCER_FENCED when another producer has taken over
 */
export const renew = (link: Link, producer: Producer): Promise<Producer> =>
  initProducer(link, producer, PASSING_MS)

function initProducer(
  link: Link,
  { transactionalId, id, epoch }: Producer,
  withinMs: number,
): Promise<Producer> {
  return ask(link, 'transaction', transactionalId, withinMs, async (connection) => {
    const { producerId, producerEpoch } = await initProducerIdV4.api.async(
      connection,
      transactionalId,
      TRANSACTION_TIMEOUT_MS,
      id,
      epoch,
    )
    return { transactionalId, id: producerId, epoch: producerEpoch }
  })
}

/** Adds partitions of a topic to the transaction, which begins with the first ones. */
export async function addPartitions(
  link: Link,
  { transactionalId, id, epoch }: Producer,
  name: string,
  partitions: number[],
): Promise<void> {
  const topics = [{ name, partitions }]
  const added = { transactionalId, producerId: id, producerEpoch: epoch, verifyOnly: false, topics }
  await ask(link, 'transaction', transactionalId, PASSING_MS, (connection) =>
    addPartitionsToTxnV3.api.async(connection, [added]),
  )
}

/** Adds a group to the transaction: the partition that keeps its offsets gets the end of it. */
export async function addGroup(
  link: Link,
  { transactionalId, id, epoch }: Producer,
  group: string,
): Promise<void> {
  await ask(link, 'transaction', transactionalId, PASSING_MS, (connection) =>
    addOffsetsToTxnV3.api.async(connection, transactionalId, id, epoch, group),
  )
}

/** Adds an offset to the transaction: it is committed with the transaction's records, or not. */
export async function addOffset(
  link: Link,
  producer: Producer,
  { group, topic, partition, offset, metadata }: GroupOffset,
): Promise<void> {
  const { transactionalId, id, epoch } = producer
  await addGroup(link, producer, group)
  const committed = {
    partitionIndex: partition,
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: metadata,
  }
  const topics = [{ name: topic, partitions: [committed] }]
  await ask(link, 'group', group, PASSING_MS, (connection) =>
    txnOffsetCommitV3.api.async(
      connection,
      transactionalId,
      group,
      id,
      epoch,
      -1,
      '',
      null,
      topics,
    ),
  )
}

/** How a transaction ends. */
export type Outcome = 'commit' | 'abort'

/**
 * What the coordinator has decided about the last transaction of a transactional id, or will decide
 * when its producer gets a new epoch (KIP-664); null when it knows none.
 */
export async function outcomeOf(
  link: Link,
  transactionalId: string,
  withinMs = PASSING_MS,
): Promise<Outcome | null> {
  try {
    const { transactionStates } = await ask(
      ...([link, 'transaction', transactionalId, withinMs] as const),
      (connection) => describeTransactionsV0.api.async(connection, [transactionalId]),
    )
    return OUTCOMES[transactionStates[0].transactionState] ?? null
  } catch (error) {
    if (hasError(error, 'TRANSACTIONAL_ID_NOT_FOUND')) return null
    throw error
  }
}

/** By state of a transaction. A new epoch aborts an ongoing one. */
const OUTCOMES: Readonly<Record<string, Outcome | undefined>> = {
  Ongoing: 'abort',
  PrepareAbort: 'abort',
  PrepareEpochFence: 'abort',
  CompleteAbort: 'abort',
  PrepareCommit: 'commit',
  CompleteCommit: 'commit',
}

/** Commits or aborts the transaction. After a lost answer only what was committed shows which. */
export async function endTransaction(
  link: Link,
  { transactionalId, id, epoch }: Producer,
  how: Outcome,
): Promise<void> {
  await ask(link, 'transaction', transactionalId, PASSING_MS, (connection) =>
    endTxnV3.api.async(connection, transactionalId, id, epoch, how === 'commit'),
  )
}

/**
 * The committed offset of a group, once no transaction that may change it is open.
 *
 * @returns null when there is none: the brokers answer -1
 */
export async function committedOffset(
  link: Link,
  group: string,
  topic: string,
  partition: number,
  withinMs: number,
): Promise<GroupOffset | null> {
  const topics = [{ name: topic, partitionIndexes: [partition] }]
  const asked = [{ groupId: group, memberEpoch: -1, topics }]
  const { groups } = await ask(link, 'group', group, withinMs, (connection) =>
    offsetFetchV8.api.async(connection, asked, true),
  )
  const found = groups.at(0)?.topics.at(0)?.partitions.at(0)
  if (found === undefined || found.committedOffset <= NO_OFFSET) return null
  const offset = Number(found.committedOffset)
  return { group, topic, partition, offset, metadata: found.metadata ?? '' }
}
