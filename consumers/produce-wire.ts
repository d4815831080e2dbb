// Sends batches to the leaders of their partitions until each of them is acknowledged by all
// replicas, in order and, while the producer lives, once.
//
// Why not the package's own Producer: it makes several objects of every record (its cost is several
// times that of encoding 55 columns), and when one of two requests in flight fails it begins a new
// sequence, which lets the later one be appended first. Here one request is in flight to a leader,
// a batch keeps its sequence when it is sent again, and so a partition's order is that of calls.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../src/errors.ts'
import {
  Admin,
  clientOptions,
  connectionOptions,
  ConnectionPool,
  initProducerIdV4,
  protocolErrorsCodesById,
  Writer,
  type Broker,
  type KafkaConnection,
  type Reader,
} from './kafka-client.ts'
import { stampBatch, type SealedBatch } from './produce-batch.ts'

const CLIENT_ID = 'xdr-pulse-produce'
const [PRODUCE, VERSION, ALL_REPLICAS] = [0, 9, -1] as const
const REPLICAS_TIMEOUT_MS = 20_000
const REQUEST_TIMEOUT_MS = 30_000
const RETRY_MS = 500
const NO_SEQUENCE_LIMIT = 2 ** 31
/** The broker has the batch already: an earlier answer was lost. */
const DUPLICATE = 46
/** The broker no longer knows this producer or its place: another one goes on. */
const LOST_PRODUCER: ReadonlySet<number> = new Set([45, 47, 49, 59])
/** Kafka's own list of errors that pass: leaders move, replicas are slow, a broker starts. */
const PASSING: ReadonlySet<number> = new Set([
  ...[2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20],
  ...[51, 56, 72, 74, 75, 76, 89, 100],
])
/** Above it a batch is refused by the topic or the broker. */
const TOO_LARGE: ReadonlySet<number> = new Set([10, 18])

/** What a wire tells: a sentence when sending does not go on, and when it does again. */
export interface WireNotes {
  onTrouble(sentence: string): void
  onRecovered(seconds: number): void
  /** Milliseconds without any success after which to give up. */
  patienceMs(): number
}

/** Sends to one topic. */
export interface Wire {
  /** Resolves when all batches are acknowledged. Call it again only after that. */
  send(batches: readonly SealedBatch[]): Promise<void>
  close(): Promise<void>
}

interface Producer {
  id: bigint
  epoch: number
  /** Next sequence, by partition. */
  next: Map<number, number>
}

/** A wire to a topic; nothing is connected before the first batch. */
export function createWire(connection: KafkaConnection, topic: string, notes: WireNotes): Wire {
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

const unreachable = (topic: string, trouble: string | null): PulseError =>
  new PulseError(
    'kafka',
    `topic "${topic}": rows in hand could not be sent (${trouble ?? 'no answer'}); run the same ` +
      'command again when the brokers are back, it goes on where the topic ends',
  )

const nameOf = (code: number): string => {
  const names: Readonly<Record<number, string | undefined>> = protocolErrorsCodesById
  return names[code] ?? `error ${code}`
}

/** The innermost of nested errors says what happened. */
function reasonOf(error: unknown): string {
  let inner = error
  for (;;) {
    const { errors, cause } = inner as { errors?: unknown[]; cause?: unknown }
    const next = errors?.at(-1) ?? cause
    if (next === undefined || next === null) return messageOf(inner)
    inner = next
  }
}

async function initProducer(pool: ConnectionPool, broker: Broker): Promise<Producer> {
  const wire = await pool.get(broker)
  const { producerId, producerEpoch } = await initProducerIdV4.api.async(wire, null, 60_000)
  return { id: producerId, epoch: producerEpoch, next: new Map() }
}

function stamp(batch: SealedBatch, { id, epoch, next }: Producer): void {
  const sequence = next.get(batch.partition) ?? 0
  stampBatch(batch, id, epoch, sequence)
  next.set(batch.partition, (sequence + batch.records) % NO_SEQUENCE_LIMIT)
}

/** What is not acknowledged, with the broker's code. Throws what no retry will heal. */
function settle(
  topic: string,
  batches: readonly SealedBatch[],
  codes: ReadonlyMap<number, number>,
): { batch: SealedBatch; code: number }[] {
  return batches.flatMap((batch) => {
    const code = codes.get(batch.partition) ?? 7
    if (code === 0 || code === DUPLICATE) return []
    if (PASSING.has(code) || LOST_PRODUCER.has(code)) return [{ batch, code }]
    const remedy = TOO_LARGE.has(code)
      ? `raise the topic's max.message.bytes above ${batch.bytes.length}`
      : "see the broker's log, check the rights of this user"
    const where = `topic "${topic}", partition ${batch.partition}`
    throw new PulseError('kafka', `${where}: the broker answers ${nameOf(code)}; ${remedy}`)
  })
}

/** One produce request; resolves with the error code of each partition. */
async function request(
  pool: ConnectionPool,
  broker: Broker,
  topic: string,
  batches: readonly SealedBatch[],
): Promise<ReadonlyMap<number, number>> {
  const wire = await pool.get(broker)
  return new Promise((resolve, reject) => {
    const answered = (error: Error | null, codes?: Map<number, number>): void => {
      if (error === null && codes !== undefined) resolve(codes)
      else reject(error ?? new Error('the broker answered nothing'))
    }
    const write = () => writeRequest(topic, batches)
    wire.send(PRODUCE, VERSION, write, readAnswer, true, true, answered)
  })
}

function writeRequest(topic: string, batches: readonly SealedBatch[]): Writer {
  return Writer.create()
    .appendString(null)
    .appendInt16(ALL_REPLICAS)
    .appendInt32(REPLICAS_TIMEOUT_MS)
    .appendArray([topic], (writer, name) => {
      writer.appendString(name).appendArray([...batches], (inner, { partition, bytes }) => {
        inner.appendInt32(partition).appendBytes(bytes)
      })
    })
    .appendTaggedFields()
}

function readAnswer(_: number, __: number, ___: number, reader: Reader): Map<number, number> {
  const codes = new Map<number, number>()
  reader.readArray((topic) => {
    topic.readString()
    topic.readArray((partition) => {
      codes.set(partition.readInt32(), partition.readInt16())
      partition.readInt64()
      partition.readInt64()
      partition.readInt64()
      partition.readArray((refused) => {
        refused.readInt32()
        refused.readNullableString()
      })
      partition.readNullableString()
    })
  })
  return codes
}
