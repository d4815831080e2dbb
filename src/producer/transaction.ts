// One transaction of a producer: record batches, and the progress that they make.
import { performance } from 'node:perf_hooks'
import { authorizationError } from '../kafka/authorization.ts'
import type { Broker } from '../kafka/client.ts'
import type { Link } from '../kafka/coordinators.ts'
import { addOffset, addPartitions, endTransaction } from '../kafka/transactions.ts'
import { stampBatch, type SealedBatch } from '../kafka/batch-writer.ts'
import { aclsOf, troubleOfAnswer } from './errors.ts'
import type { Step } from './follow.ts'
import { keep, ownerOf, type Owners } from './owners.ts'
import { offsetOf } from './progress.ts'
import { request } from '../kafka/produce-request.ts'
import type { Range } from './topic-records.ts'

/** Sequence numbers are int32 and wrap to 0 (KIP-98). */
const SEQUENCES = 2 ** 31

/** What one transaction commits: records, and the progress that they make. */
export interface Group {
  batches: readonly SealedBatch[]
  steps: readonly Step[]
}

/** A producer that sends, and the transaction that it sends. */
export interface Session {
  link: Link
  owners: Owners
  /** Next sequence number, by partition; of the leading producer's present epoch. */
  sequences: Map<number, number>
  /** When the transaction was begun that is open or whose outcome is unknown; null for none. */
  openSinceMs: number | null
  /** When sending began to fail (`Date.now()`); null while it works. */
  failingSince: number | null
  /** The leaders of partitions may have moved. */
  leadersMoved: boolean
  /** Where the topic has the records of the last transaction that was committed. */
  committed: readonly Range[]
  /** The same of the transaction that is open, or whose outcome is unknown. */
  open: Range[]
}

/** A session without a transaction. */
export const openSession = (owners: Owners): Session => ({
  ...{ link: owners.link, owners, sequences: new Map(), openSinceMs: null, leadersMoved: false },
  failingSince: null,
  ...{ committed: [], open: [] },
})

/**
 * Sends a group and commits it.
 *
 * @throws an error after which the transaction is open, or its outcome unknown
 */
export async function transact(session: Session, { batches, steps }: Group): Promise<void> {
  const { link, owners } = session
  const { leading, topic } = owners
  const producer = ownerOf(owners, leading)
  session.openSinceMs = performance.now()
  session.open = []
  if (batches.length > 0) {
    const partitions = [...new Set(batches.map(({ partition }) => partition))]
    await addPartitions(link, producer, topic.name, partitions)
  }
  await all([produce(session, batches), commitSteps(session, steps)])
  for (const { source } of steps) if (source !== leading) await keep(owners, source)
  await endTransaction(link, producer, 'commit')
}

/** Waits for all, then throws the first error: nothing of a failed attempt continues. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === 'rejected') throw result.reason
  }
}

async function commitSteps({ link, owners }: Session, steps: readonly Step[]): Promise<void> {
  const { leading, topic } = owners
  for (const { source, progress } of steps) {
    try {
      await addOffset(link, ownerOf(owners, leading), offsetOf(source, topic, progress))
    } catch (error) {
      throw authorizationError(error, aclsOf(topic.name, 'READ')) ?? error
    }
  }
}

async function produce(session: Session, batches: readonly SealedBatch[]): Promise<void> {
  const { link, owners, sequences } = session
  const { name } = owners.topic
  const producer = ownerOf(owners, owners.leading)
  for (const batch of batches) {
    const sequence = sequences.get(batch.partition) ?? 0
    stampBatch(batch, producer.id, producer.epoch, sequence)
    sequences.set(batch.partition, (sequence + batch.records) % SEQUENCES)
  }
  const byLeader = await groupByLeader(session, batches)
  await all(
    [...byLeader].map(async ([leader, some]) => {
      if (leader === null) throw new Error('a partition has no leader')
      const answer = await request(link.pool, leader, producer.transactionalId, name, some)
      const trouble = troubleOfAnswer(name, some, answer)
      if (trouble !== null) throw new Error(trouble)
      for (const { partition, records } of some) {
        const from = answer.get(partition)?.offset ?? 0
        session.open.push({ partition, from, to: from + records })
      }
    }),
  )
}

/** Batches by the leader of their partition, null for a partition without one. */
async function groupByLeader(
  session: Session,
  batches: readonly SealedBatch[],
): Promise<Map<Broker | null, SealedBatch[]>> {
  const {
    link,
    owners: { topic },
  } = session
  const metadata = await link.admin.metadata({
    topics: [topic.name],
    forceUpdate: session.leadersMoved,
  })
  session.leadersMoved = false
  const partitions = metadata.topics.get(topic.name)?.partitions
  return Map.groupBy(
    batches,
    ({ partition }) => metadata.brokers.get(partitions?.[partition]?.leader ?? -1) ?? null,
  )
}
