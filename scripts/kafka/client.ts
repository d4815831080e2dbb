// kafkajs as scripts and tests use it to look after a broker: without its log and its warnings.
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs'

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
