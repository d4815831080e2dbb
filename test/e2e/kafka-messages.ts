// Sends raw messages to a topic and reads them back, with a foreign client.
import { quietClient } from '../../scripts/kafka/client.ts'
import { uniqueName } from '../broker-operations.ts'

/** A message to send. */
export interface Sent {
  key: Buffer | null
  value: Buffer | null
  /** Milliseconds since 1970, as text; the default is now. */
  timestamp?: string
  headers?: Record<string, string>
}

/** A message as it was read. */
export interface Found extends Sent {
  headers: Record<string, string>
}

/** The size of a request, unless a single message is larger. */
const CHUNK_BYTES = 500_000

/** Sends messages to partition 0, in order. */
export async function sendMessages(
  brokers: readonly string[],
  topic: string,
  messages: readonly Sent[],
): Promise<void> {
  const producer = quietClient({ brokers: [...brokers], retry: { retries: 8 } }).producer()
  await producer.connect()
  let chunk: (Sent & { partition: number })[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (chunk.length > 0) await producer.send({ topic, messages: chunk })
    chunk = []
    bytes = 0
  }
  for (const message of messages) {
    const more = 20 + (message.value?.length ?? 0)
    if (bytes + more > CHUNK_BYTES) await flush()
    chunk.push({ ...message, partition: 0 })
    bytes += more
  }
  await flush()
  await producer.disconnect()
}

/** All messages of partition 0, in order. */
export async function readMessages(brokers: readonly string[], topic: string): Promise<Found[]> {
  const client = quietClient({ brokers: [...brokers], retry: { retries: 8 } })
  const admin = client.admin()
  await admin.connect()
  const end = Number((await admin.fetchTopicOffsets(topic))[0].high)
  await admin.disconnect()
  const found: Found[] = []
  if (end === 0) return found
  const consumer = client.consumer({ groupId: uniqueName('reader') })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const eachBatch = ({ batch }: { batch: Batch }): Promise<void> => {
        for (const { key, value, headers, timestamp } of batch.messages) {
          const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])
          found.push({
            key,
            value,
            timestamp,
            headers: Object.fromEntries(texts) as Record<string, string>,
          })
        }
        if (Number(batch.lastOffset()) + 1 >= end) resolve()
        return Promise.resolve()
      }
      consumer.run({ eachBatch }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return found
}

interface Batch {
  messages: {
    key: Buffer | null
    value: Buffer | null
    timestamp: string
    headers?: Readonly<Record<string, unknown>>
  }[]
  lastOffset(): string
}
