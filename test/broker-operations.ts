// Operations of tests on a broker, except producing and consuming: topics, records, Kafka's tools.
import { randomBytes } from 'node:crypto'
import { makeTopic, quietClient } from '../scripts/kafka/client.ts'
import { findKafka } from '../scripts/kafka/jars.ts'
import { runJava } from '../scripts/kafka/node.ts'
import type { Admin } from 'kafkajs'

/** Kafka's own tools, by the names of their scripts. */
const TOOLS = {
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  topics: 'org.apache.kafka.tools.TopicCommand',
  configs: 'kafka.admin.ConfigCommand',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  transactions: 'org.apache.kafka.tools.TransactionsCommand',
} as const

/** The name of one of Kafka's own tools. */
export type JavaTool = keyof typeof TOOLS

/** The options of a new topic. */
export interface TopicOptions {
  partitions: number
  replicas?: number
  configs?: Readonly<Record<string, string>>
}

/** Operations on brokers whose addresses are known. */
export interface Operations {
  /** Addresses of the plain listeners. */
  bootstrap: string[]
  createTopic: (name: string, options: TopicOptions) => Promise<void>
  deleteTopic: (name: string) => Promise<void>
  /** Gives a topic more partitions, `count` in all. */
  growTopic: (name: string, count: number) => Promise<void>
  /** Deletes the records of a partition before an offset; the log then begins there. */
  deleteRecords: (topic: string, partition: number, beforeOffset: bigint | number) => Promise<void>
  /** Runs one of Kafka's own tools to its end; adds `--bootstrap-server`. Returns its stdout. */
  javaTool: (name: JavaTool, argv: readonly string[], input?: string) => Promise<string>
}

/** A name that no other test and no other run uses. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`

/** Operations on the brokers at some addresses. */
export function operate(bootstrap: string[]): Operations {
  const asAdmin = async (work: (admin: Admin) => Promise<unknown>): Promise<void> => {
    const admin = quietClient({ brokers: bootstrap, retry: { retries: 8 } }).admin()
    await admin.connect()
    try {
      await work(admin)
    } finally {
      await admin.disconnect()
    }
  }
  return {
    bootstrap,
    createTopic: (topic, { partitions: numPartitions, replicas = 1, configs = {} }) =>
      asAdmin((admin) => {
        const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
        const replicationFactor = replicas
        return makeTopic(admin, { topic, numPartitions, replicationFactor, configEntries })
      }),
    growTopic: (topic, count) =>
      asAdmin(async (admin) => {
        await admin.createPartitions({ topicPartitions: [{ topic, count }] })
        for (;;) {
          // Until the broker serves all of them, a producer would send some of its rows again.
          const offsets = await admin.fetchTopicOffsets(topic).catch(() => [])
          if (offsets.length === count) return
        }
      }),
    deleteTopic: (topic) => asAdmin((admin) => admin.deleteTopics({ topics: [topic] })),
    deleteRecords: (topic, partition, beforeOffset) =>
      asAdmin(async (admin) => {
        // Loads the topic's leaders: kafkajs does not do so before it deletes.
        await admin.fetchTopicOffsets(topic)
        const partitions = [{ partition, offset: String(beforeOffset) }]
        await admin.deleteTopicRecords({ topic, partitions })
      }),
    javaTool: (name, argv, input) =>
      runJava(
        findKafka(),
        [TOOLS[name], '--bootstrap-server', bootstrap.join(','), ...argv],
        input,
      ),
  }
}
