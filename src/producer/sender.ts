// Sends record batches to the leaders of their partitions until all in-sync replicas have
// acknowledged each of them: in order and, while the producer lives, exactly once.
//
// The package's own Producer is not used. It takes 3.5 to 5 microseconds to write a record with two
// headers, more than DuckDB takes to decode the row (this folder takes about 0.4). When one of two
// requests in flight fails, it begins a new sequence, so the later request can be appended first.
// Here one group of batches is in flight at a time and a batch keeps its sequence when it is sent
// again, so the order within a partition is the order of the calls.
import { authorizationError, writingAcls } from '../kafka/authorization.ts'
import { PulseError, rootMessageOf } from '../errors.ts'
import {
  Admin,
  clientOptions,
  connectionOptions,
  ConnectionPool,
  type Broker,
  type KafkaConnection,
} from '../kafka/client.ts'
import { BROKER_RETRY, createBackoff, resetBackoff, waitToRetry } from '../kafka/retry.ts'
import { stampBatch, type SealedBatch } from './batch.ts'
import { brokersUnavailable, unacknowledged, type Unacknowledged } from './errors.ts'
import { initProducer, request, type Producer } from './request.ts'

const CLIENT_ID = 'xdr-pulse-produce'
const REQUEST_TIMEOUT_MS = 30_000
/** Sequence numbers are int32 and wrap to 0 (KIP-98). */
const SEQUENCES = 2 ** 31

/** What a sender reports: a sentence when sending stops, and when it continues. */
export interface SenderListener {
  onTrouble(sentence: string): void
  onRecovered(seconds: number): void
  /** Milliseconds without any success after which the sender gives up. */
  patienceMs(): number
}

/** Sends batches to one topic. */
export interface BatchSender {
  /**
   * Resolves when all batches are acknowledged. Call it again only after that.
   *
   * @throws PulseError `kafka` when the brokers reject a batch, or after `patienceMs`
   */
  send(batches: readonly SealedBatch[]): Promise<void>
  close(): Promise<void>
}

/** Connections to the brokers, and the identity that they gave this producer. */
interface Session {
  topic: string
  admin: Admin
  pool: ConnectionPool
  openPool: () => ConnectionPool
  /** Null before the first batch, and after the brokers forgot it. */
  producer: Producer | null
}

/** A sender to a topic; it connects with the first batch. */
export function createBatchSender(
  connection: KafkaConnection,
  topic: string,
  listener: SenderListener,
): BatchSender {
  const options = { ...connectionOptions(connection), requestTimeout: REQUEST_TIMEOUT_MS }
  const openPool = (): ConnectionPool => new ConnectionPool(CLIENT_ID, options)
  const admin = new Admin({ ...clientOptions(connection, CLIENT_ID), retries: 0 })
  const session: Session = { topic, admin, pool: openPool(), openPool, producer: null }
  return {
    send: (batches) => sendAll(session, batches, listener),
    async close() {
      await Promise.allSettled([session.pool.close(), admin.close()])
    },
  }
}

async function sendAll(
  session: Session,
  batches: readonly SealedBatch[],
  listener: SenderListener,
): Promise<void> {
  let waiting = batches
  let failingSince: number | null = null
  const backoff = createBackoff(BROKER_RETRY)
  while (waiting.length > 0) {
    const { left, trouble } = await attempt(session, waiting, failingSince !== null)
    if (left.length < waiting.length && failingSince !== null) {
      listener.onRecovered((Date.now() - failingSince) / 1000)
      failingSince = null
      resetBackoff(backoff)
    }
    waiting = left
    if (waiting.length === 0) return
    failingSince ??= Date.now()
    listener.onTrouble(`topic "${session.topic}": ${trouble ?? 'no answer'}; retrying`)
    if (Date.now() - failingSince > listener.patienceMs()) {
      throw brokersUnavailable(session.topic, trouble)
    }
    await session.pool.close()
    session.pool = session.openPool()
    await waitToRetry(backoff)
  }
}

/** The outcome of one attempt. */
interface Attempt {
  /** Batches that are not acknowledged, in order. */
  left: readonly SealedBatch[]
  trouble: string | null
}

async function attempt(
  session: Session,
  waiting: readonly SealedBatch[],
  refresh: boolean,
): Promise<Attempt> {
  try {
    return await sendOnce(session, waiting, refresh)
  } catch (error) {
    if (error instanceof PulseError) throw error
    const denied = authorizationError(error, writingAcls(session.topic))
    if (denied !== null) throw denied
    return { left: waiting, trouble: rootMessageOf(error) }
  }
}

async function sendOnce(
  session: Session,
  waiting: readonly SealedBatch[],
  refresh: boolean,
): Promise<Attempt> {
  const byLeader = await groupByLeader(session, waiting, refresh)
  const leaderless = byLeader.get(null) ?? []
  const leaders = [...byLeader.keys()].filter((leader) => leader !== null)
  if (leaders.length === 0) return { left: leaderless, trouble: 'no partition has a leader' }
  session.producer ??= await initProducer(session.pool, leaders[0])
  for (const batch of waiting) if (batch.sequence === null) stamp(batch, session.producer)
  const results = await Promise.allSettled(
    leaders.map((leader) => sendTo(session, leader, byLeader.get(leader) ?? [])),
  )
  const open = results.flatMap((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
  const left = [...leaderless, ...open.map(({ batch }) => batch)]
  if (open.some(({ lostProducer }) => lostProducer)) {
    // The next producer begins at sequence 0 in every partition.
    session.producer = null
    for (const batch of left) batch.sequence = null
  }
  return { left, trouble: open.at(-1)?.trouble ?? null }
}

/** Batches by the leader of their partition, null for a partition without one. */
async function groupByLeader(
  { admin, topic }: Session,
  batches: readonly SealedBatch[],
  refresh: boolean,
): Promise<Map<Broker | null, SealedBatch[]>> {
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: refresh })
  const partitions = metadata.topics.get(topic)?.partitions
  return Map.groupBy(
    batches,
    ({ partition }) => metadata.brokers.get(partitions?.[partition]?.leader ?? -1) ?? null,
  )
}

async function sendTo(
  { pool, topic }: Session,
  leader: Broker,
  batches: readonly SealedBatch[],
): Promise<Unacknowledged[]> {
  let codes: ReadonlyMap<number, number>
  try {
    codes = await request(pool, leader, topic, batches)
  } catch (error) {
    const trouble = rootMessageOf(error)
    return batches.map((batch) => ({ batch, trouble, lostProducer: false }))
  }
  return unacknowledged(topic, batches, codes)
}

function stamp(batch: SealedBatch, { id, epoch, next }: Producer): void {
  const sequence = next.get(batch.partition) ?? 0
  stampBatch(batch, id, epoch, sequence)
  next.set(batch.partition, (sequence + batch.records) % SEQUENCES)
}
