// Publishes checkpoints of a partition: each is one Kafka transaction, as of one commit of the store.
//
// Aggregates that changed since the last checkpoint come first, then changed facts, last the marker.
import { endTransaction, TRANSACTION_TIMEOUT_MS } from '../../src/kafka/transactions.ts'
import type { ReadTransaction } from '../../state/environment.ts'
import { readFacts } from '../../state/facts.ts'
import { readCounters, readHours, readPositions } from '../../state/partition.ts'
import { beginRead, type PartitionStore } from '../../state/store.ts'
import {
  beginTransaction,
  isRefused,
  resolveDoubt,
  type PublisherContext,
  type Published,
} from './claim.ts'
import { sendFacts } from './facts.ts'
import { addColumns, createAdder, sumsOf, type Marker } from './marker.ts'
import { sendRows } from './rows.ts'

/** A partition without new commits has a marker at least so often: replicas see that it is alive. */
const QUIET_MS = 30_000

/** What a checkpoint has written. */
export interface CheckpointReport {
  number: number
  atMs: number
  commit: number
  rows: number
  bytes: number
  seconds: number
}

/**
 * Publishes what changed since the last checkpoint; null when nothing did.
 *
 * @throws an error that may pass: the next call publishes everything; or that of a partition which
 *   another member has taken over (`fenced`)
 */
export async function publish(
  context: PublisherContext,
  published: Published,
  nowMs: number,
): Promise<CheckpointReport | null> {
  if (published.store === null) return null
  if (published.inDoubt) await resolveDoubt(context, published)
  const view = beginRead(published.store)
  try {
    const { commit } = readCounters(published.store, view.transaction)
    const isQuiet = commit === published.since && published.newest !== null
    const ageMs = nowMs - (published.newest?.marker.atMs ?? 0)
    if (isQuiet && ageMs < QUIET_MS) return null
    published.inDoubt = true
    const report = await transact(context, published, view.transaction, nowMs)
    published.inDoubt = false
    return report
  } catch (error) {
    if (isRefused(error)) await findWhy(context, published)
    throw error
  } finally {
    view.finish()
  }
}

/**
 * Brokers refuse the producer of a transaction that has timed out as well as one that another member has
 * replaced. Before the time-out it is the latter. To ask for a new epoch then would interfere: brokers
 * may grant it while they still abort the transaction.
 */
async function findWhy(context: PublisherContext, published: Published): Promise<void> {
  const openMs = performance.now() - published.openedAt
  if (openMs < TRANSACTION_TIMEOUT_MS) published.fenced = true
  else await resolveDoubt(context, published)
}

async function transact(
  context: PublisherContext,
  published: Published,
  transaction: ReadTransaction,
  nowMs: number,
): Promise<CheckpointReport> {
  const start = performance.now()
  const { newest, identity } = published
  const store = published.store as PartitionStore
  const counters = readCounters(store, transaction)
  const { link } = context
  await beginTransaction(context, published)
  const rows = await sendRows(context, published, transaction, counters.subscribers, nowMs)
  const facts = readFacts(store, transaction)
  const number = (newest?.marker.number ?? 0) + 1
  const before = newest?.marker.engagementEnd ?? 0
  const adder = createAdder()
  for (const row of readHours(store, transaction).rows.values()) addColumns(adder, row, 0)
  Object.assign(adder, { subscribers: published.subscribers, msisdns: published.msisdns })
  const positions = Object.fromEntries(
    [...readPositions(store, transaction)].map(([source, { next }]) => [source, next]),
  )
  const marker: Marker = {
    ...{ version: 1, number, by: identity, commit: counters.commit, member: context.member },
    ...{ atMs: nowMs, withinMs: context.intervalMs + QUIET_MS },
    ...{ engagementEnd: Math.max(before, rows.end), options: context.options },
    ...{ positions, sums: sumsOf(adder) },
  }
  const bytes = await sendFacts(
    context,
    published,
    newest?.facts ?? new Map<string, string>(),
    facts,
    marker,
  )
  await endTransaction(link, published.producer, 'commit')
  published.newest = { marker, facts, stateEnd: 0 }
  published.since = counters.commit
  const seconds = (performance.now() - start) / 1000
  const { commit } = counters
  return { number, atMs: nowMs, commit, rows: rows.count, bytes: rows.bytes + bytes, seconds }
}
