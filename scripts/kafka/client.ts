// kafkajs without its log and warnings, with which scripts and tests administer a broker.
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Admin, type ITopicConfig, type KafkaConfig } from 'kafkajs'

/** A warning of Node.js 24 about a timer of kafkajs; it is harmless. */
const KNOWN_WARNING = 'TimeoutNegativeWarning'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
const emitWarning = process.emitWarning.bind(process) as (...given: unknown[]) => void
process.emitWarning = (...given: unknown[]): void => {
  if (given[1] !== KNOWN_WARNING) emitWarning(...given)
}

/** A client that logs nothing and does not retry, unless `config` changes it. */
export const quietClient = (config: KafkaConfig): Kafka =>
  new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...config })

const AVAILABLE_WITHIN_MS = 30_000
const POLL_MS = 50

/** Creates a topic and waits until all of its partitions answer. */
export async function makeTopic(admin: Admin, wanted: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [wanted], waitForLeaders: false })
  for (const end = Date.now() + AVAILABLE_WITHIN_MS; ;) {
    try {
      await admin.fetchTopicOffsets(wanted.topic)
      return
    } catch (error) {
      // A broker knows a new topic only after a moment; the wait of kafkajs fails in that case.
      if (Date.now() > end) throw error
    }
    await sleep(POLL_MS)
  }
}
