// Opens the reader of the live phase: format, unit, statistics and dead letters from the options.
import { performance } from 'node:perf_hooks'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { RegistryOptions } from '../../src/kafka/registry-address.ts'
import { BROKER_RETRY, createBackoff } from '../../src/kafka/retry.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import { sourceOf, type Start, type TopicView } from '../../src/kafka/topic.ts'
import type { DurationUnit } from '../../src/record/duration-unit.ts'
import type { UnitOptions } from '../../src/record/source-units.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { createDeadLetters } from './dead-letters.ts'
import type { Group } from './group/membership.ts'
import { fetchCommitted } from './group/offsets.ts'
import type { GapPolicy } from './log/gaps.ts'
import { BATCH_ROWS, createMessageBatch } from './log/message-batch.ts'
import { createFormat } from './log/message-format.ts'
import { NO_ROW_READ } from './log/partition.ts'
import { createLogReader } from './log/reader.ts'
import { createTopicUnits } from './log/units.ts'
import { createPause } from './pause.ts'
import type { PartitionReader } from './reader.ts'

/** How a topic is read; all of it can be sent to a thread. */
export interface PartitionReaderOptions extends CommitOptions {
  connection: KafkaConnection
  topic: string
  /** Name of this member; clients are named for it. */
  instanceId: string
  state: Omit<StateOptions, 'partitions'>
  units: UnitOptions
  format: 'auto' | 'avro' | 'json'
  /** Null without a schema registry. */
  registry: RegistryOptions | null
  /** The writer's Avro schema of messages without a schema id. */
  schema: unknown
  /** Where to start in a partition that was never read. */
  from: Start
  onGap: GapPolicy
  /** Share of rejected rows (0 to 1) above which reading pauses. */
  rejectedLimit: number
  /** Null to forward no rejected messages. */
  deadLetterTopic: string | null
  /** End when everything assigned is read. */
  untilCaughtUp: boolean
}

/** What exists before reading begins. */
export interface ReaderParts {
  stores: readonly PartitionStore[]
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  /** Rows that start before it (UTC ms) belong to the history; null without a history. */
  cutoverMs: number | null
  view: TopicView
  group: Group
  warnings: Warnings
  stop: AbortSignal
}

/** Opens a reader; it reads nothing before `readAssigned`. */
export function openReader(parts: ReaderParts, options: PartitionReaderOptions): PartitionReader {
  const { stores, cutoverMs, view, group, warnings } = parts
  const { connection, topic, instanceId: clientId, deadLetterTopic, state } = options
  const validation = { missingMsisdnZero: state.missingMsisdn === 'zero' }
  const stats = createIngestStats(validation, options, BATCH_ROWS)
  const registry =
    options.registry === null
      ? null
      : createRegistry(options.registry, (message) => warnings.error('registry', message))
  const { schema } = options
  const format = createFormat({
    format: options.format,
    registry,
    schema,
    timeZone: state.timeZone,
  })
  const units = createTopicUnits(topic, options.units, knownUnit(stores, sourceOf(view)))
  const batch = { format, partitions: view.partitions, units, cutoverMs }
  const letters = {
    connection,
    clientId,
    sourceTopic: topic,
    deadLetterTopic: deadLetterTopic ?? '',
  }
  return {
    ...parts,
    connection,
    clientId,
    topic,
    consumer: group.consumer,
    refreshing: null,
    refreshedAt: performance.now(),
    failure: null,
    logs: new Map(),
    stats,
    registry,
    format,
    deadLetters: deadLetterTopic === null ? null : createDeadLetters(letters, warnings),
    logReader: createLogReader(createMessageBatch(batch, stats)),
    committedOf: (partition) => fetchCommitted(group.offsets, partition),
    from: options.from,
    onGap: options.onGap,
    passed: { gaps: 0, records: 0 },
    settled: null,
    settling: null,
    restoreSeconds: null,
    backoff: createBackoff(BROKER_RETRY),
    pause: createPause(options.rejectedLimit),
    closing: new AbortController(),
    untilCaughtUp: options.untilCaughtUp,
  }
}

/** The unit of a topic's durations that an earlier run decided, in any partition. */
function knownUnit(stores: readonly PartitionStore[], source: string): DurationUnit | null {
  for (const { positions } of stores) {
    const known = positions.get(source) as SourcePosition | undefined
    if (known !== undefined && known.evidence !== NO_ROW_READ) {
      return { durationUnit: known.durationUnit, evidence: known.evidence }
    }
  }
  return null
}
