// Rows of a Parquet file as messages in every format, and topics that foreign clients fill.
import { after } from 'node:test'
import { CompressionTypes, type Message, type Producer as ForeignProducer } from 'kafkajs'
import { quietClient } from '../../../scripts/kafka/client.ts'
import { createAvroEncoder, encodeJson } from '../../../src/producer/encode.ts'
import { mostBytes, readRows, type Encode } from '../../../src/producer/values.ts'
import { decideUnits } from '../../../src/parquet/decide.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { Producer } from '../../../src/kafka/client.ts'
import { openFile } from '../../../src/parquet/files.ts'
import { withDatabase } from '../../../src/duckdb.ts'
import { isMsisdn } from '../../../src/record/validation.ts'
import { FILE_COLUMNS } from '../../../src/record/columns.ts'
import { partitionOf } from '../../../src/record/partitioner.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'

/** The message of a row; without a key when its MSISDN is not valid. */
export interface Row {
  key: string | null
  value: Buffer
}

/** Formats of a value: Avro without and with a schema id, JSON with the file's or short names. */
export type Shape = 'avro' | 'wire' | 'json' | 'short-json'

/** The header of a body in Confluent's wire format. */
export function wireHeader(id: number): Buffer {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return header
}

/** Rows of a file as messages; `id` is that of the schema in the shape `wire`. */
export async function rowsOf(path: string, shape: Shape, id = 1): Promise<Row[]> {
  const encode: Encode =
    shape === 'avro' || shape === 'wire'
      ? createAvroEncoder(shape === 'wire' ? wireHeader(id) : new Uint8Array(0))
      : encodeJson
  return withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
    const file = await openFile(connection, path)
    const [units] = await decideUnits(connection, [file], [], AUTO_UNITS)
    const readable = { file, reading: { ...units, timeZone: 'UTC' } }
    const rows: Row[] = []
    for await (const values of readRows(connection, [readable])) {
      for (let i = 0; i < values.count; i++) {
        const texts = values.texts(i)
        const into = Buffer.alloc(mostBytes(texts))
        const value = into.subarray(0, encode(values, i, texts, into))
        const msisdn = values.msisdn[i]
        const key = isMsisdn(msisdn) ? String(msisdn) : null
        rows.push({ key, value: shape === 'short-json' ? withShortNames(value) : value })
      }
    }
    return rows
  })
}

const SHORT = new Map(FILE_COLUMNS.map(({ name }, at) => [name, XDR_SCHEMA.fields[at].name]))

function withShortNames(value: Buffer): Buffer {
  const object = JSON.parse(String(value)) as Record<string, unknown>
  const entries = Object.entries(object).map(([name, cell]) => [SHORT.get(name) ?? name, cell])
  return Buffer.from(JSON.stringify(Object.fromEntries(entries)))
}

const placeOf = ({ key }: Row, partitions: number): number =>
  key === null ? 0 : partitionOf(Number(key), partitions)

/** How rows are divided into batches and compressed. */
export interface Packing {
  partitions: number
  /** Rows per batch, in turn. */
  batches: readonly number[]
  codec: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
}

/**
 * Sends rows, each to the partition of its key: gzip by kafkajs, others by platformatic's client.
 */
export async function sendRows(
  brokers: string[],
  topic: string,
  rows: readonly Row[],
  { partitions, batches, codec }: Packing,
): Promise<void> {
  const lists = Array.from({ length: partitions }, (): Row[] => [])
  for (const row of rows) lists[placeOf(row, partitions)].push(row)
  const send = await sender(brokers, topic, codec)
  let turn = 0
  for (const [partition, list] of lists.entries()) {
    for (let at = 0; at < list.length;) {
      const size = batches[turn++ % batches.length]
      await send.batch(partition, list.slice(at, at + size))
      at += size
    }
  }
  await send.close()
}

interface Sender {
  batch(partition: number, rows: readonly Row[]): Promise<unknown>
  close(): Promise<void>
}

async function sender(brokers: string[], topic: string, codec: Packing['codec']): Promise<Sender> {
  if (codec === 'gzip' || codec === 'none') {
    const producer = await foreignProducer(brokers)
    const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
    return {
      batch: (partition, rows) =>
        producer.send({
          topic,
          compression,
          messages: rows.map(({ key, value }) => ({ key, value, partition })),
        }),
      close: () => producer.disconnect(),
    }
  }
  const producer = new Producer<Buffer, Buffer, string, string>({
    clientId: 'packer',
    bootstrapBrokers: brokers,
    compression: codec,
  })
  return {
    batch: (partition, rows) =>
      producer.send({
        messages: rows.map(({ key, value }) => ({
          topic,
          partition,
          ...(key === null ? {} : { key: Buffer.from(key) }),
          value,
        })),
      }),
    close: () => producer.close(),
  }
}

/** A failing test leaves producers connected, which would keep its process alive. */
const producers = new Set<ForeignProducer>()
// Without a test run, as in `npm run faults`, a hook would print the summary of no tests.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => Promise.all([...producers].map((producer) => producer.disconnect())))
}

/** A connected producer of kafkajs, disconnected when the file's tests are over. */
export async function foreignProducer(
  brokers: string[],
  transactionalId?: string,
): Promise<ForeignProducer> {
  const client = quietClient({ brokers, retry: { retries: 8 } })
  const producer = client.producer({
    ...(transactionalId === undefined ? {} : { transactionalId }),
    ...(transactionalId === undefined ? {} : { idempotent: true, maxInFlightRequests: 1 }),
  })
  await producer.connect()
  producers.add(producer)
  return producer
}

/** Rows as messages of kafkajs for one partition. */
export const messagesOf = (rows: readonly Row[], partition = 0): Message[] =>
  rows.map(({ key, value }) => ({ key, value, partition }))
