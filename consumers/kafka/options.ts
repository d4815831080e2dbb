// Everything that a consumer is told when it is started; all of it can be sent to a thread.
import type { StateOptions } from '../../state/writer.ts'
import type { ConsumptionOptions } from './reader.ts'
import type { GroupOptions } from './group/membership.ts'
import type { RegistryOptions } from '../../src/kafka/registry-address.ts'
import type { CommitOptions } from '../ingest/ingest-stats.ts'

export interface TopicConsumerOptions
  extends CommitOptions, Omit<GroupOptions, 'topic'>, Omit<ConsumptionOptions, 'clientId'> {
  stateDirectory: string
  state: Omit<StateOptions, 'partitions'>
  format: 'auto' | 'avro' | 'json'
  registry: RegistryOptions | null
  /** Writer's schema of Avro that comes without a registry. */
  schema: unknown
  deadLetterTopic: string | null
  /** End when everything assigned is read. */
  untilCaughtUp: boolean
  /** Parquet files applied before the topic is read. */
  history: readonly string[]
  /** Rows that start before it are the history's; `auto`: behind the last of them. */
  cutover: 'auto' | number
}
