// The broker that benches read from: the one of KAFKA_BROKERS, or one that ends with the bench.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { makeTopic, quietClient } from '../scripts/kafka/client.ts'
import { freePorts, startCluster } from '../scripts/kafka/cluster.ts'
import { PRODUCT, runProcess } from './process.ts'

/** All benches read as many. */
export const PARTITIONS = 4

/** As brokers on a machine of their own have it: nothing swaps, everything is compiled. */
const HEAP_MIB = 1024

/** A broker and what benches ask of it; the topics made through it go when the bench ends. */
export interface BenchBroker {
  /** host:port, with commas between. */
  addresses: string
  /** Makes a topic of its own and returns its name. */
  newTopic(): Promise<string>
  /** Sends a file to a topic. */
  fill(topic: string, file: string, more?: readonly string[]): Promise<void>
  /** Records in a topic that was never compacted. */
  recordsOf(topic: string): Promise<number>
  /** Deletes all topics whose names begin so. */
  drop(prefix: string): Promise<void>
}

/** Command line that sends a file to a topic. */
export const fillCommand = (addresses: string, topic: string, file: string): string[] => [
  ...[process.execPath, PRODUCT, 'replay', file, '--to', 'kafka', '--kafka', addresses],
  ...['--topic', topic, '--json'],
]

/** Runs `work` with a broker; one that had to be started keeps its data in `directory`. */
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
    // Whatever failed for want of a broker: why there is none is what one wants to know.
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
  const broker: BenchBroker = {
    addresses,
    async newTopic() {
      const topic = `${prefix}${made++}`
      await makeTopic(admin, { topic, numPartitions: PARTITIONS })
      return topic
    },
    async fill(topic, file, more = []) {
      await runProcess([...fillCommand(addresses, topic, file), ...more])
    },
    async recordsOf(topic) {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
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
