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
  ProtocolError,
  txnOffsetCommitV3,
  type Connection,
} from './client.ts'

/** How a transaction ends. */
export type Outcome = 'commit' | 'abort'

/** A producer as the cluster knows it: a later one of the same transactional id has a later epoch. */
export interface Producer {
  transactionalId: string
  id: bigint
  epoch: number
  /** How its coordinator ended the last transaction before this epoch; null for none. */
  before: Outcome | null
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
/** The id of a producer that takes over. */
const NEW = -1n
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
): Promise<Producer> => initProducer(link, { transactionalId, id: NEW, epoch: -1 }, withinMs)

/**
 * Asks for a new epoch of a producer; aborts its own open transaction.
 *
 * @throws an error with PRODUCER_FENCED when another producer has taken over
 */
export const renew = (link: Link, producer: Producer): Promise<Producer> =>
  initProducer(link, producer, PASSING_MS)

function initProducer(
  link: Link,
  { transactionalId, id, epoch }: Omit<Producer, 'before'>,
  withinMs: number,
): Promise<Producer> {
  return ask(link, 'transaction', transactionalId, withinMs, async (connection) => {
    const found = await describe(connection, transactionalId)
    // The request of a fenced producer would abort the transaction that a later one has open.
    const isOthers = found?.transactionState === 'Ongoing' && found.producerEpoch > epoch
    if (id !== NEW && isOthers) throw new ProtocolError('PRODUCER_FENCED')
    const { producerId, producerEpoch } = await initProducerIdV4.api.async(
      connection,
      transactionalId,
      TRANSACTION_TIMEOUT_MS,
      id,
      epoch,
    )
    const before = OUTCOMES[found?.transactionState ?? ''] ?? null
    return { transactionalId, id: producerId, epoch: producerEpoch, before }
  })
}

/** What a coordinator knows of a transactional id (KIP-664); null for nothing. */
async function describe(connection: Connection, transactionalId: string) {
  try {
    const { transactionStates } = await describeTransactionsV0.api.async(connection, [
      transactionalId,
    ])
    return transactionStates[0]
  } catch (error) {
    if (hasError(error, 'TRANSACTIONAL_ID_NOT_FOUND')) return null
    throw error
  }
}

/** How transactions end, by their state: a new epoch aborts an ongoing one. */
const OUTCOMES: Readonly<Record<string, Outcome | undefined>> = {
  Ongoing: 'abort',
  PrepareAbort: 'abort',
  PrepareEpochFence: 'abort',
  CompleteAbort: 'abort',
  PrepareCommit: 'commit',
  CompleteCommit: 'commit',
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
