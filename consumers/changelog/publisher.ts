// Publishes checkpoints of a partition: each is one Kafka transaction, as of one commit of the store.
//
// Aggregates that changed since the last checkpoint come first, then changed facts, last the marker. A
// transactional id per partition fences: a later owner takes it over, and the transactions of this one are
// refused from then on.
import { PulseError } from '../../src/errors.ts'
import {
  addRecord,
  clearBatch,
  openBatch,
  sealBatch,
  stampBatch,
  type OpenBatch,
} from '../../src/kafka/batch-writer.ts'
import { hasError, resetLink, type Link } from '../../src/kafka/coordinators.ts'
import type { Fetcher } from '../../src/kafka/fetch.ts'
import { request } from '../../src/kafka/produce-request.ts'
import {
  addPartitions,
  endTransaction,
  renew,
  takeOver,
  type Producer,
} from '../../src/kafka/transactions.ts'
import { FIELD, WIDTH } from '../../src/subscriber/aggregate.ts'
import { changedBlocks } from '../../state/changes.ts'
import { readFacts, type Facts } from '../../state/facts.ts'
import { readCounters, readHours, readPositions } from '../../state/partition.ts'
import { beginRead, readHeld, type PartitionStore } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import { MAX_ENGAGEMENT_BYTES, writeEngagement } from './engagement.ts'
import { addColumns, createAdder, MARKER_KEY, sumsOf, type Marker } from './marker.ts'
import { readCheckpoint, type Checkpoint } from './restore.ts'
import type { ChangelogTopic, ChangelogTopics } from './topics.ts'

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
  /** The outcome of the last transaction is unknown, or it failed. */
  inDoubt: boolean
}

/** What a checkpoint has written. */
export interface CheckpointReport {
  number: number
  atMs: number
  commit: number
  rows: number
  bytes: number
  seconds: number
}

/** Brokers accept batches of 1 MiB by default (max.message.bytes). */
const BATCH_BYTES = 900_000
const CLAIM_MS = 30_000

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
  const producer = await takeOver(link, transactionalIdOf(idPrefix, partition), CLAIM_MS)
  const published: Published = {
    ...{ partition, producer, newest: null, store: null, identity: '' },
    ...{ since: -1, records: new Float64Array(0), subscribers: 0, msisdns: 0n },
    ...{ sequences: new Map(), inDoubt: false },
  }
  await settle(context, published)
  return published
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

async function beginTransaction(
  { link, topics: { engagement, state } }: PublisherContext,
  { producer, partition }: Published,
): Promise<void> {
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

/** True for the answer to an owner that a later one has replaced. */
export const isFenced = (error: unknown): boolean =>
  hasError(error, 'PRODUCER_FENCED') || hasError(error, 'INVALID_PRODUCER_EPOCH')

/**
 * Publishes what changed since the last checkpoint; null when nothing did.
 *
 * @throws what shows that a later owner has taken over (`isFenced`), or an error that may pass: then the
 *   next call publishes everything
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
    if (!readHeld(published.store, view.transaction)) return null
    const { commit } = readCounters(published.store, view.transaction)
    if (commit === 0 || commit === published.since) return null
    published.inDoubt = true
    const report = await transact(context, published, view.transaction, nowMs)
    published.inDoubt = false
    return report
  } finally {
    view.finish()
  }
}

/**
 * After a failure: a new epoch aborts what is open. What the changelog has is then unknown to this
 * owner, so that everything is published again.
 */
async function resolveDoubt(context: PublisherContext, published: Published): Promise<void> {
  await resetLink(context.link)
  await context.fetcher.reset()
  context.topics = await context.describe()
  published.producer = await renew(context.link, published.producer)
  await settle(context, published)
  published.since = -1
  published.subscribers = 0
  published.msisdns = 0n
  published.records = new Float64Array(0)
}

type Transaction = ReturnType<typeof beginRead>['transaction']

async function transact(
  context: PublisherContext,
  published: Published,
  transaction: Transaction,
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
    ...{ atMs: nowMs, engagementEnd: Math.max(before, rows.end), options: context.options },
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

/** Sends the rows that changed; returns their number and where the topic has them. */
async function sendRows(
  context: PublisherContext,
  published: Published,
  transaction: Transaction,
  slots: number,
  nowMs: number,
): Promise<{ count: number; bytes: number; end: number }> {
  const { engagement } = context.topics
  const store = published.store as PartitionStore
  const sent = { count: 0, bytes: 0, end: 0 }
  if (published.records.length < slots) growRecords(published, slots)
  const { records } = published
  let [filling, sending]: OpenBatch[] = [openBatch(), openBatch()]
  let under: Promise<void> = Promise.resolve()
  const value = new Uint8Array(MAX_ENGAGEMENT_BYTES)
  const flush = async (): Promise<void> => {
    await under
    ;[filling, sending] = [sending, filling]
    const batch = sending
    sent.count += batch.records
    under = send(context, published, engagement, batch).then(({ bytes, end }) => {
      sent.bytes += bytes
      sent.end = end
      clearBatch(batch)
    })
    under.catch(() => undefined)
  }
  for (const { rows, first, count } of changedBlocks(store, transaction, slots, published.since)) {
    for (let i = 0; i < count; i++) {
      const at = i * WIDTH
      const slot = first + i
      if (rows[at + FIELD.records] === 0 || records[slot] === rows[at + FIELD.records]) continue
      records[slot] = rows[at + FIELD.records]
      if (slot >= published.subscribers) published.msisdns += BigInt(rows[at])
      const key = Buffer.from(String(rows[at]), 'latin1')
      addRecord(filling, key, value.subarray(0, writeEngagement(rows, at, value, 0)), nowMs)
    }
    if (filling.to >= BATCH_BYTES - MOST_OF_BLOCK) await flush()
  }
  published.subscribers = slots
  if (filling.records > 0) await flush()
  await under
  return sent
}

/** A block has 1,024 rows of about 100 bytes. */
const MOST_OF_BLOCK = 300_000

function growRecords(published: Published, slots: number): void {
  const grown = new Float64Array(Math.max(slots, 2 * published.records.length)).fill(-1)
  grown.set(published.records)
  published.records = grown
}

/** Sends the facts that changed, and the marker as the last record; returns their bytes. */
async function sendFacts(
  context: PublisherContext,
  published: Published,
  before: Facts,
  facts: Facts,
  marker: Marker,
): Promise<number> {
  const { state } = context.topics
  const batch = openBatch()
  let bytes = 0
  const add = async (key: string, text: string | null): Promise<void> => {
    const value = text === null ? null : Buffer.from(text)
    if (batch.records > 0 && batch.to + key.length + (value?.length ?? 0) > BATCH_BYTES) {
      bytes += (await send(context, published, state, batch)).bytes
      clearBatch(batch)
    }
    addRecord(batch, Buffer.from(key), value, marker.atMs)
  }
  for (const [key, text] of facts) if (before.get(key) !== text) await add(key, text)
  for (const key of before.keys()) if (!facts.has(key)) await add(key, null)
  await add(MARKER_KEY, JSON.stringify(marker))
  return bytes + (await send(context, published, state, batch)).bytes
}

async function send(
  { link }: PublisherContext,
  { partition, producer, sequences }: Published,
  topic: ChangelogTopic,
  batch: OpenBatch,
): Promise<{ bytes: number; end: number }> {
  const leader = topic.leaders[partition]
  if (leader === undefined)
    throw new Error(`partition ${partition} of "${topic.name}" has no leader`)
  const sealed = sealBatch(partition, batch, 'none')
  const sequence = sequences.get(topic.name) ?? 0
  stampBatch(sealed, producer.id, producer.epoch, sequence)
  sequences.set(topic.name, (sequence + sealed.records) % 2 ** 31)
  const id = producer.transactionalId
  const answer = (await request(link.pool, leader, id, topic.name, [sealed])).get(partition)
  const code = answer?.code ?? -1
  if (code !== 0) throw produceError(topic.name, partition, code)
  return { bytes: sealed.bytes.length, end: (answer?.offset ?? 0) + sealed.records }
}

const TOO_LARGE = 10

function produceError(topic: string, partition: number, code: number): Error {
  const subject = `partition ${partition} of "${topic}"`
  if (code !== TOO_LARGE) return new Error(`${subject}: the leader answers error ${code}`)
  return new PulseError(
    'kafka',
    `${subject}: a record is larger than the topic accepts; raise its max.message.bytes`,
  )
}
