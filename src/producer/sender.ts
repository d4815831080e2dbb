// Sends batches to the leaders of their partitions until each of them is acknowledged by all
// replicas, in order and, while the producer lives, once.
//
// Why not the package's own Producer: it takes 3.5 to 5 microseconds to write a record with two
// headers, more than DuckDB takes to decode its row (here it is about 0.4), and when one of two
// requests in flight fails it begins a new sequence, which lets the later one be appended first.
// Here one round is on its way at a time, a batch keeps its sequence when it is sent again, and so
// a partition's order is that of calls.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../errors.ts'
import {
  Admin,
  clientOptions,
  connectionOptions,
  ConnectionPool,
  type Broker,
  type KafkaConnection,
} from '../kafka/client.ts'
import { stampBatch, type SealedBatch } from './batch.ts'
import { initProducer, request, type Producer } from './request.ts'
import { LOST_PRODUCER, nameOf, reasonOf, settle, unreachable } from './errors.ts'

const CLIENT_ID = 'xdr-pulse-produce'
const REQUEST_TIMEOUT_MS = 30_000
const RETRY_MS = 500
const NO_SEQUENCE_LIMIT = 2 ** 31

/** What a wire tells: a sentence when sending does not go on, and when it does again. */
export interface SenderListener {
  onTrouble(sentence: string): void
  onRecovered(seconds: number): void
  /** Milliseconds without any success after which to give up. */
  patienceMs(): number
}

/** Sends to one topic. */
export interface BatchSender {
  /** Resolves when all batches are acknowledged. Call it again only after that. */
  send(batches: readonly SealedBatch[]): Promise<void>
  close(): Promise<void>
}

/** A wire to a topic; nothing is connected before the first batch. */
export function createBatchSender(
  connection: KafkaConnection,
  topic: string,
  notes: SenderListener,
): BatchSender {
  const options = { ...connectionOptions(connection), requestTimeout: REQUEST_TIMEOUT_MS }
  const openPool = () => new ConnectionPool(CLIENT_ID, options)
  const admin = new Admin({ ...clientOptions(connection, CLIENT_ID), retries: 0 })
  let pool = openPool()
  let producer: Producer | null = null

  async function attempt(waiting: readonly SealedBatch[], again: boolean): Promise<Attempt> {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: again })
    const found = metadata.topics.get(topic)
    const leaderOf = ({ partition }: SealedBatch): Broker | undefined =>
      metadata.brokers.get(found?.partitions[partition]?.leader ?? -1)
    const byLeader = Map.groupBy(waiting, leaderOf)
    const homeless = byLeader.get(undefined) ?? []
    byLeader.delete(undefined)
    const first = [...byLeader.keys()].at(0)
    if (first === undefined) return { left: homeless, trouble: 'no partition has a leader' }
    producer ??= await initProducer(pool, first)
    const stamped = producer
    for (const batch of waiting) if (batch.sequence === null) stamp(batch, stamped)
    const sent = [...byLeader].map(async ([broker, batches]) => {
      if (broker === undefined) return []
      return settle(topic, batches, await request(pool, broker, topic, batches))
    })
    const results = await Promise.allSettled(sent)
    const outcome: Attempt = { left: [...homeless], trouble: null }
    const answers = new Set<number>()
    results.forEach((result, at) => {
      if (result.status === 'rejected') {
        if (result.reason instanceof PulseError) throw result.reason
        outcome.left.push(...[...byLeader.values()][at])
        outcome.trouble = messageOf(result.reason)
      } else {
        for (const { batch, code } of result.value) {
          outcome.left.push(batch)
          outcome.trouble = nameOf(code)
          answers.add(code)
        }
      }
    })
    // Another producer begins at 0 in every partition, so nothing keeps its old place.
    if ([...answers].some((code) => LOST_PRODUCER.has(code))) {
      producer = null
      for (const batch of outcome.left) batch.sequence = null
    }
    return outcome
  }

  return {
    async send(batches) {
      let waiting = batches
      let since: number | null = null
      while (waiting.length > 0) {
        let trouble: string | null
        try {
          const outcome = await attempt(waiting, since !== null)
          if (outcome.left.length < waiting.length && since !== null) {
            notes.onRecovered((Date.now() - since) / 1000)
            since = null
          }
          ;({ left: waiting, trouble } = outcome)
        } catch (error) {
          if (error instanceof PulseError) throw error
          trouble = reasonOf(error)
        }
        if (waiting.length === 0) continue
        since ??= Date.now()
        notes.onTrouble(`topic "${topic}": ${trouble ?? 'no answer'}; trying again`)
        if (Date.now() - since > notes.patienceMs()) throw unreachable(topic, trouble)
        await pool.close()
        pool = openPool()
        await sleep(RETRY_MS)
      }
    },
    async close() {
      await Promise.allSettled([pool.close(), admin.close()])
    },
  }
}

interface Attempt {
  /** Batches that are not acknowledged, in order. */
  left: SealedBatch[]
  trouble: string | null
}

function stamp(batch: SealedBatch, { id, epoch, next }: Producer): void {
  const sequence = next.get(batch.partition) ?? 0
  stampBatch(batch, id, epoch, sequence)
  next.set(batch.partition, (sequence + batch.records) % NO_SEQUENCE_LIMIT)
}
