// The Produce request of Kafka's protocol, to one leader.
import { Writer, type Broker, type ConnectionPool, type Reader } from './client.ts'
import type { SealedBatch } from './batch-writer.ts'

const [PRODUCE, VERSION, ALL_REPLICAS] = [0, 9, -1] as const
const REPLICAS_TIMEOUT_MS = 20_000

/** What a leader answers of one partition. */
export interface Produced {
  /** 0 for no error. */
  code: number
  /** Offset of the first record. */
  offset: number
}

/** One Produce request with acks=all; resolves with the answer of each partition. */
export async function request(
  pool: ConnectionPool,
  broker: Broker,
  transactionalId: string,
  topic: string,
  batches: readonly SealedBatch[],
): Promise<ReadonlyMap<number, Produced>> {
  const connection = await pool.get(broker)
  return new Promise((resolve, reject) => {
    const answered = (error: Error | null, answer?: Map<number, Produced>): void => {
      if (error === null && answer !== undefined) resolve(answer)
      else reject(error ?? new Error('the answer of the broker is empty'))
    }
    const write = () => writeRequest(transactionalId, topic, batches)
    connection.send(PRODUCE, VERSION, write, readAnswer, true, true, answered)
  })
}

function writeRequest(
  transactionalId: string,
  topic: string,
  batches: readonly SealedBatch[],
): Writer {
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(ALL_REPLICAS)
    .appendInt32(REPLICAS_TIMEOUT_MS)
    .appendArray([topic], (writer, name) => {
      writer.appendString(name).appendArray([...batches], (inner, { partition, bytes }) => {
        inner.appendInt32(partition).appendBytes(bytes)
      })
    })
    .appendTaggedFields()
}

function readAnswer(_: number, __: number, ___: number, reader: Reader): Map<number, Produced> {
  const answer = new Map<number, Produced>()
  reader.readArray((topic) => {
    topic.readString()
    topic.readArray((partition) => {
      const number = partition.readInt32()
      const code = partition.readInt16()
      answer.set(number, { code, offset: Number(partition.readInt64()) })
      partition.readInt64()
      partition.readInt64()
      partition.readArray((recordError) => {
        recordError.readInt32()
        recordError.readNullableString()
      })
      partition.readNullableString()
    })
  })
  return answer
}
