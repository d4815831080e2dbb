// The records of a topic, read by a foreign client, and the order in which rows of a file are sent.
import { quietClient } from '../../scripts/kafka/client.ts'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { uniqueName } from '../broker-operations.ts'

/** A record as kafkajs reads it. */
export interface Produced {
  partition: number
  key: string | null
  value: Buffer
  source: string
  row: number
  timestampMs: number
}

/** All records of a topic, in order within each partition. */
export async function readTopic(brokers: string[], topic: string): Promise<Produced[]> {
  const client = quietClient({ brokers, retry: { retries: 8 } })
  const admin = client.admin()
  await admin.connect()
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic))
      .filter(({ low, high }) => low !== high)
      .map(({ partition, high }) => [partition, Number(high)]),
  )
  await admin.disconnect()
  const found: Produced[] = []
  if (ends.size === 0) return found
  const consumer = client.consumer({ groupId: uniqueName('group') })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const eachBatch = ({ batch: { partition, messages } }: { batch: KafkaBatch }) => {
        for (const { key, value, headers, timestamp } of messages) {
          found.push({
            partition,
            key: key === null ? null : String(key),
            value: value ?? Buffer.alloc(0),
            source: String(headers?.['xdr-source']),
            row: Number(String(headers?.['xdr-row'])),
            timestampMs: Number(timestamp),
          })
        }
        return Promise.resolve()
      }
      // A batch that has only markers or aborted records is processed without a call of `eachBatch`.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
        if (Number(lastOffset) + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition)
        if (ends.size === 0) resolve()
      })
      consumer.run({ eachBatch }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return found
}

type KafkaBatch = Parameters<
  NonNullable<
    NonNullable<
      Parameters<ReturnType<ReturnType<typeof quietClient>['consumer']>['run']>[0]
    >['eachBatch']
  >
>[0]['batch']

/** The place of each row in order of Start; for clean samples, in which all times are readable. */
export async function placesInTime(path: string): Promise<number[]> {
  return withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
    const reader = await connection.runAndReadAll(`SELECT file_row_number::DOUBLE
      FROM read_parquet(${literal(path)}, file_row_number = true)
      ORDER BY strptime("Start", '%m/%d/%Y %H:%M'), "Start ms", file_row_number`)
    const places: number[] = []
    reader.getRows().forEach(([row], place) => (places[Number(row)] = place))
    return places
  })
}
