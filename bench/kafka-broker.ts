// The broker of the benches: that of KAFKA_BROKERS, or one that is started and stopped here.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { makeTopic, quietClient } from '../scripts/kafka/client.ts'
import { freePorts, startCluster } from '../scripts/kafka/cluster.ts'
import { PRODUCT, runProcess } from './process.ts'

/** Partitions of all topics of the benches. */
export const PARTITIONS = 4

/** Enough that the broker is not limited by its heap. */
const HEAP_MIB = 1024

/** A broker for benches; the topics created through it are deleted when the bench ends. */
export interface BenchBroker {
  /** Bootstrap servers, comma-separated. */
  addresses: string
  /** Creates a topic and returns its name. */
  newTopic(): Promise<string>
  /** Sends a file to a topic. */
  fill(topic: string, file: string, more?: readonly string[]): Promise<void>
  /** Number of records that were sent to a topic. */
  recordsOf(topic: string): number
  /** The exclusive end of each partition's records, without the marker of the last transaction. */
  endsOf(topic: string): Promise<number[]>
  /** The sum of the offsets that a group has committed. */
  committedOf(topic: string, group: string): Promise<number>
  /** Deletes all topics whose names begin with `prefix`. */
  drop(prefix: string): Promise<void>
}

/** The command that sends a file to a topic. */
export const fillCommand = (addresses: string, topic: string, file: string): string[] => [
  ...[process.execPath, PRODUCT, 'produce', file, '--kafka', addresses],
  ...['--topic', topic, '--json'],
]

/** Runs `work` with a broker; a broker that is started here keeps its data in `directory`. */
export async function withBroker(
  directory: string,
  work: (broker: BenchBroker) => Promise<void>,
): Promise<void> {
  const given = process.env['KAFKA_BROKERS']
  if (given !== undefined) return useBroker(given, work)
  const [controllerPort, port] = await freePorts(2)
  const cluster = await startCluster({
    directory: join(directory, 'broker'),
    brokers: 1,
    listeners: () => [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertisedPort: port }],
    controllerPort,
    heapMiB: HEAP_MIB,
    quick: false,
  })
  try {
    await useBroker(cluster.bootstrap.join(','), work)
  } catch (error) {
    // When the broker has ended, the reason for that is more useful than the error it caused.
    throw cluster.brokers[0].node.failure() ?? error
  } finally {
    await cluster.stop('SIGKILL')
  }
}

async function useBroker(
  addresses: string,
  work: (broker: BenchBroker) => Promise<void>,
): Promise<void> {
  const prefix = `bench-${randomUUID().slice(0, 8)}-`
  const client = quietClient({ brokers: addresses.split(','), retry: { retries: 8 } })
  const admin = client.admin()
  await admin.connect()
  let made = 0
  const records = new Map<string, number>()
  const broker: BenchBroker = {
    addresses,
    async newTopic() {
      const topic = `${prefix}${made++}`
      await makeTopic(admin, { topic, numPartitions: PARTITIONS })
      return topic
    },
    async fill(topic, file, more = []) {
      const { stdout } = await runProcess([...fillCommand(addresses, topic, file), ...more])
      const { sent } = JSON.parse(stdout) as { sent: number }
      records.set(topic, (records.get(topic) ?? 0) + sent)
    },
    // Offsets also number the markers of transactions.
    recordsOf: (topic) => records.get(topic) ?? 0,
    async endsOf(topic) {
      const offsets = await admin.fetchTopicOffsets(topic)
      const ends = new Map(offsets.map(({ partition, high }) => [partition, Number(high) - 1]))
      return Array.from({ length: PARTITIONS }, (_, partition) => ends.get(partition) ?? 0)
    },
    async committedOf(topic, groupId) {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
      return found.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
    },
    async drop(begin) {
      const topics = (await admin.listTopics()).filter((name) => name.startsWith(begin))
      if (topics.length > 0) await admin.deleteTopics({ topics })
    },
  }
  try {
    await work(broker)
    await broker.drop(prefix)
  } finally {
    await admin.disconnect()
  }
}
