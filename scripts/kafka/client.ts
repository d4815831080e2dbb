// kafkajs as scripts and tests use it to look after a broker: without its log and its warnings.
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Admin, type ITopicConfig, type KafkaConfig } from 'kafkajs'

/** What kafkajs makes Node.js 24 say of a timer of its own; harmless, and not ours to mend. */
const KNOWN_WARNING = 'TimeoutNegativeWarning'

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1'
const emitWarning = process.emitWarning.bind(process) as (...said: unknown[]) => void
process.emitWarning = (...said: unknown[]): void => {
  if (said[1] !== KNOWN_WARNING) emitWarning(...said)
}

/** A client that logs nothing and gives up at the first failure. */
export const quietClient = (config: KafkaConfig): Kafka =>
  new Kafka({ logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...config })

const THERE_WITHIN_MS = 30_000
const ASK_MS = 50

/** Makes a topic and waits until all of its partitions answer. */
export async function makeTopic(admin: Admin, wanted: ITopicConfig): Promise<void> {
  await admin.createTopics({ topics: [wanted], waitForLeaders: false })
  for (const end = Date.now() + THERE_WITHIN_MS; ;) {
    try {
      await admin.fetchTopicOffsets(wanted.topic)
      return
    } catch (error) {
      // A broker knows a new topic a moment later; kafkajs, which can wait too, takes that as final.
      if (Date.now() > end) throw error
    }
    await sleep(ASK_MS)
  }
}
