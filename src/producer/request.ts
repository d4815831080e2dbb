// The two requests of a producer, in Kafka's protocol: who it is, and batches for one leader.
import {
  initProducerIdV4,
  Writer,
  type Broker,
  type ConnectionPool,
  type Reader,
} from '../kafka/client.ts'
import type { SealedBatch } from './batch.ts'

const [PRODUCE, VERSION, ALL_REPLICAS] = [0, 9, -1] as const
const REPLICAS_TIMEOUT_MS = 20_000

/** A producer as the cluster knows it, and how far it is. */
export interface Producer {
  id: bigint
  epoch: number
  /** Next sequence, by partition. */
  next: Map<number, number>
}

/** A new producer without transactions. */
export async function initProducer(pool: ConnectionPool, broker: Broker): Promise<Producer> {
  const wire = await pool.get(broker)
  const { producerId, producerEpoch } = await initProducerIdV4.api.async(wire, null, 60_000)
  return { id: producerId, epoch: producerEpoch, next: new Map() }
}

/** One produce request; resolves with the error code of each partition. */
export async function request(
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
