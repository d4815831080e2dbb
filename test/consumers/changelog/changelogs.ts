// Topics, members and looks at a changelog, for its tests.
import { join } from 'node:path'
import { rmSync } from 'node:fs'
import kafkajs from 'kafkajs'
import { quietClient } from '../../../scripts/kafka/client.ts'
import { parseMarker, type Marker } from '../../../consumers/changelog/marker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { until } from '../../until.ts'
import { readBack, withDirectory, type Found } from '../../state-directory.ts'
import { sampleIn } from '../files/samples.ts'
import { consumeTopic, type Changes, type Ended } from '../kafka/consuming.ts'
import { foreignProducer, rowsOf, sendRows, type Row } from '../kafka/messages.ts'

/** A topic and the prefix of its changelog. */
export interface Logged {
  topic: string
  prefix: string
  partitions: number
}

/** Rows as Avro messages. */
export const someRows = (rows: number, dirt: number): Promise<Row[]> =>
  withDirectory(async (directory) => rowsOf(await sampleIn(directory, { rows, dirt }), 'avro'))

/** The settings of its topics that a changelog needs. */
export const NEEDED: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': '3600000',
  'delete.retention.ms': '604800000',
}

/** A new topic, and a prefix: its topics exist with these settings, or not at all. */
export async function newLogged(
  broker: Operations,
  partitions: number,
  configs: Readonly<Record<string, string>> | null = NEEDED,
): Promise<Logged> {
  const [topic, prefix] = [uniqueName('logged'), uniqueName('changelog')]
  await broker.createTopic(topic, { partitions })
  for (const name of configs === null ? [] : ['engagement', 'state']) {
    await broker.createTopic(`${prefix}.${name}`, { partitions, ...(configs && { configs }) })
  }
  return { topic, prefix, partitions }
}

/** Sends rows, each to the partition of its key. */
export const send = (
  { bootstrap }: Operations,
  { topic, partitions }: Logged,
  rows: readonly Row[],
): Promise<void> => sendRows(bootstrap, topic, rows, { partitions, batches: [100], codec: 'none' })

/** Reads the topic to its end as a member with a changelog, and reads the state back. */
export async function read(
  { bootstrap }: Operations,
  { topic, prefix }: Logged,
  state: string,
  changes: Changes = {},
  ...[onProgress]: Parameters<typeof consumeTopic>[4][]
): Promise<Found & Ended> {
  const changelog = { prefix, intervalMs: 200 }
  const ended = await consumeTopic(bootstrap, topic, state, { changelog, ...changes }, onProgress)
  return { ...(await readBack(state)), ...ended }
}

/** What of a state a restore must give back: all but the kept rejected rows. */
export const contentOf = ({ hash, applied, ...found }: Found): Found => {
  const { rejected, coerced, missing, subscribers, hours, positions } = found
  return { hash, applied, rejected, coerced, missing, subscribers, hours, positions }
}

/** The sentences of a run on where its partitions came from. */
export const sourcesOf = ({ warnings }: Ended): string[] =>
  warnings.filter((text) => /^partition \d+: (the changelog has|the state on|restored)/.test(text))

/** Replaces the settings of a topic. */
export async function configure(
  { bootstrap }: Operations,
  topic: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const admin = quietClient({ brokers: bootstrap, retry: { retries: 8 } }).admin()
  await admin.connect()
  try {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const type = kafkajs.ConfigResourceTypes.TOPIC
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type, name: topic, configEntries }],
    })
  } finally {
    await admin.disconnect()
  }
}

/** Deletes records of a compacted topic, which brokers do only where it may be deleted from. */
export async function damage(broker: Operations, topic: string, before: number): Promise<void> {
  await configure(broker, topic, { ...NEEDED, 'cleanup.policy': 'compact,delete' })
  await broker.deleteRecords(topic, 0, before)
  await configure(broker, topic, NEEDED)
}

/** Deletes the records of all partitions of a topic. */
export async function deleteAll(
  broker: Operations,
  { topic }: Pick<Logged, 'topic'>,
): Promise<void> {
  for (const { partition, high } of await endsOf(broker, topic)) {
    await broker.deleteRecords(topic, partition, high)
  }
}

/** First offset and end of each partition of a topic. */
export async function endsOf({ bootstrap }: Operations, topic: string) {
  const admin = quietClient({ brokers: bootstrap, retry: { retries: 8 } }).admin()
  await admin.connect()
  try {
    const found = await admin.fetchTopicOffsets(topic)
    return found.map(({ partition, low, high }) => ({ partition, low: +low, high: +high }))
  } finally {
    await admin.disconnect()
  }
}

/** A record as kafkajs returns it. */
export interface Foreign {
  partition: number
  offset: number
  key: string
  value: Buffer | null
}

/** All committed records of a topic, read by a foreign client. */
export async function readForeign(broker: Operations, topic: string): Promise<Foreign[]> {
  const client = quietClient({ brokers: broker.bootstrap, retry: { retries: 8 } })
  const consumer = client.consumer({ groupId: uniqueName('foreign') })
  const found: Foreign[] = []
  // A marker of a transaction is the last record of each partition, and is not seen.
  const left = new Map(
    (await endsOf(broker, topic))
      .filter(({ low, high }) => high > low)
      .map(({ partition, high }) => [partition, high]),
  )
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachBatchAutoResolve: true,
      eachBatch({ batch }) {
        for (const { offset, key, value } of batch.messages) {
          found.push({ partition: batch.partition, offset: +offset, key: String(key), value })
        }
        const next = Number(batch.lastOffset()) + 1
        if (next >= (left.get(batch.partition) ?? 0) - 1) left.delete(batch.partition)
        return Promise.resolve()
      },
    })
    await until('all committed records', () => left.size === 0)
  } finally {
    await consumer.disconnect()
  }
  return found
}

/** The newest marker of each partition. */
export async function markersOf(broker: Operations, prefix: string): Promise<Map<number, Marker>> {
  const markers = new Map<number, Marker>()
  for (const { partition, key, value } of await readForeign(broker, `${prefix}.state`)) {
    if (key === 'marker' && value !== null) markers.set(partition, parseMarker(String(value)))
  }
  return markers
}

/** Sends a record to a topic as another program would. */
export async function sendForeign(
  broker: Operations,
  topic: string,
  message: { key: string; value: Buffer | null; partition: number },
): Promise<void> {
  const producer = await foreignProducer(broker.bootstrap)
  await producer.send({ topic, messages: [message] })
}

/** Deletes a state directory. */
export const lose = (state: string): void => rmSync(state, { recursive: true })

/** A new state directory by name. */
export const stateIn = (directory: string, name = 'state'): string => join(directory, name)
