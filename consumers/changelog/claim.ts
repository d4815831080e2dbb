// Who publishes a partition: a transactional id per partition fences.
//
// A later owner takes it over, and the transactions of an earlier one are refused from then on.
import { hasError, resetLink, type Link } from '../../src/kafka/coordinators.ts'
import type { Fetcher } from '../../src/kafka/fetch.ts'
import {
  addPartitions,
  endTransaction,
  renew,
  takeOver,
  type Producer,
} from '../../src/kafka/transactions.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import { readCheckpoint, type Checkpoint } from './restore.ts'
import type { ChangelogTopics } from './topics.ts'

/** What all partitions of a publisher share. */
export interface PublisherContext {
  link: Link
  fetcher: Fetcher
  topics: ChangelogTopics
  /** Asks the cluster again for the leaders. */
  describe: () => Promise<ChangelogTopics>
  /** Prefix of the transactional ids; a partition of the state has one in all members. */
  idPrefix: string
  member: string
  intervalMs: number
  options: StateOptions
}

/** A partition that is published. */
export interface Published {
  partition: number
  producer: Producer
  /** The newest checkpoint in the changelog; null for none. */
  newest: Checkpoint | null
  /** Null until publishing begins. */
  store: PartitionStore | null
  identity: string
  /** Rows that changed after this commit are not published; -1 when no row is. */
  since: number
  /** By slot: records of the subscriber as they were published; -1 when that is unknown. */
  records: Float64Array
  subscribers: number
  msisdns: bigint
  /** Next sequence numbers, by topic. */
  sequences: Map<string, number>
  /** When the last transaction was begun (`performance.now()`). */
  openedAt: number
  /** The outcome of the last transaction is unknown, or it failed. */
  inDoubt: boolean
  /** Another member has taken over. */
  fenced: boolean
}

const CLAIM_MS = 30_000
const MOST_CLAIMS = 5

/** The transactional id of a partition. */
export const transactionalIdOf = (prefix: string, partition: number): string =>
  `${prefix}${partition}`

/**
 * Takes over a partition: earlier owners are refused from now on, and their open transaction is aborted.
 * Returns it with its newest checkpoint.
 */
export async function claimPartition(
  context: PublisherContext,
  partition: number,
): Promise<Published> {
  const { link, idPrefix } = context
  for (let claims = 1; ; claims++) {
    const producer = await takeOver(link, transactionalIdOf(idPrefix, partition), CLAIM_MS)
    const published: Published = {
      ...{ partition, producer, newest: null, store: null, identity: '' },
      ...{ since: -1, records: new Float64Array(0), subscribers: 0, msisdns: 0n },
      ...{ sequences: new Map(), openedAt: -Infinity, inDoubt: false, fenced: false },
    }
    try {
      await settle(context, published)
      return published
    } catch (error) {
      // The earlier owner, which learns of the claim only now, can get an epoch while its transaction is
      // being aborted.
      if (!isRefused(error) || claims === MOST_CLAIMS) throw error
    }
  }
}

/**
 * Ends the transaction before this epoch once more, as brokers that stop can lose its markers, and reads
 * the newest checkpoint.
 */
async function settle(context: PublisherContext, published: Published): Promise<void> {
  const { link, topics, fetcher } = context
  const { producer, partition } = published
  published.sequences.clear()
  if (producer.before !== null) {
    await beginTransaction(context, published)
    await endTransaction(link, producer, producer.before)
  }
  published.newest = await readCheckpoint(fetcher, topics, partition)
}

/** Adds the partition in both topics to a transaction, which begins with it. */
export async function beginTransaction(
  { link, topics: { engagement, state } }: PublisherContext,
  published: Published,
): Promise<void> {
  const { producer, partition } = published
  published.openedAt = performance.now()
  for (const { name } of [engagement, state]) await addPartitions(link, producer, name, [partition])
}

/**
 * Begins to publish a partition whose store continues the newest checkpoint, or replaces it.
 *
 * @param since the commit that has the content of the newest checkpoint; -1 to publish all rows
 */
export function beginPublishing(
  published: Published,
  store: PartitionStore,
  identity: string,
  since: number,
): void {
  const sums = published.newest?.marker.sums
  const continues = since >= 0 && sums !== undefined && published.producer.before !== 'abort'
  Object.assign(published, { store, identity, since: continues ? since : -1 })
  published.subscribers = continues ? sums.subscribers : 0
  published.msisdns = continues ? BigInt(sums.msisdns) : 0n
}

/**
 * True for an answer to a producer that is not the newest one of its partition: another member has taken
 * over, or its transaction has timed out. `resolveDoubt` finds out which.
 */
export const isRefused = (error: unknown): boolean =>
  hasError(error, 'PRODUCER_FENCED') || hasError(error, 'INVALID_PRODUCER_EPOCH')

/**
 * After a failure: a new epoch aborts what is open. What the changelog has is then unknown to this
 * owner, so that everything is published again.
 */
export async function resolveDoubt(context: PublisherContext, published: Published): Promise<void> {
  await resetLink(context.link)
  await context.fetcher.reset()
  context.topics = await context.describe()
  try {
    published.producer = await renew(context.link, published.producer)
  } catch (error) {
    published.fenced = isRefused(error)
    throw error
  }
  await settle(context, published)
  published.since = -1
  published.subscribers = 0
  published.msisdns = 0n
  published.records = new Float64Array(0)
  published.inDoubt = false
}
