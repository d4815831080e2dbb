// Opens the reader of the live phase: formats, units, statistics and dead letters from the options.
import { SYSTEM_CLOCK, type Clock } from '../../src/clock.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { RegistryOptions } from '../../src/kafka/registry-address.ts'
import { BROKER_RETRY, createBackoff } from '../../src/kafka/retry.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import { sourceOf, type Start, type TopicView } from '../../src/kafka/topic.ts'
import { columnsOf, type StoredUnits, type UnitOptions } from '../../src/record/source-units.ts'
import { numbersOf } from '../../state/growth.ts'
import type { Growth, SourcePosition } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import type { Changelog } from '../changelog/client.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { createDeadLetters, openProducer } from './dead-letters.ts'
import type { ReadingThreads } from './group/division.ts'
import type { Group } from './group/membership.ts'
import type { GrowState } from './growth.ts'
import { fetchCommitted } from './group/offsets.ts'
import type { DecidedTopic } from './log/decided-topic.ts'
import type { FetchOptions } from './log/fetch-request.ts'
import type { LetterProducer } from './outbox.ts'
import type { LetterHeaders } from './letter.ts'
import type { GapPolicy } from './log/gaps.ts'
import { BATCH_ROWS, createMessageBatch } from './log/message-batch.ts'
import { createJsonColumns } from './log/json-columns.ts'
import { fetchDeliveries } from './log/fetch-loops.ts'
import { createFormat } from './log/message-format.ts'
import { NO_ROW_READ } from './log/partition.ts'
import { createLogReader } from './log/reader.ts'
import { createRouting } from './log/routing.ts'
import { createTopicUnits } from './log/units.ts'
import { createOutcomes, createPause } from './pause.ts'
import type { Leading, PartitionReader, ReadTopic } from './reader.ts'

/** How topics are read; all of it can be sent to a thread. */
export interface PartitionReaderOptions extends CommitOptions {
  connection: KafkaConnection
  fetching: FetchOptions
  topics: readonly string[]
  state: Omit<StateOptions, 'partitions'>
  units: UnitOptions
  format: 'auto' | 'avro' | 'json'
  /** Null without a schema registry. */
  registry: RegistryOptions | null
  /** The writer's Avro schema of messages without a schema id; null for the one of `produce`. */
  schema: unknown
  /** Where to start in a partition that was never read. */
  from: Start
  onGap: GapPolicy
  /** Share of rejected rows (0 to 1) above which reading pauses. */
  rejectedLimit: number
  /** Null to forward no rejected messages. */
  deadLetterTopic: string | null
  deadLetterHeaders: LetterHeaders
  /** End when everything assigned is read. */
  untilCaughtUp: boolean
}

/** What exists before reading begins. */
export interface ReaderParts {
  /** The partitions that this thread may read, by number; new ones are added. */
  stores: Map<number, PartitionStore>
  /** How the topics have grown; absent for not at all. */
  growth?: Growth | null
  /** Grows the state; absent in a thread that is not the first. */
  grow?: GrowState
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  /** Absent without a changelog. */
  changelog?: Changelog | null
  /** Rows that start before it (UTC ms) belong to the history; null without a history. */
  cutoverMs: number | null
  /** By topic. */
  views: ReadonlyMap<string, TopicView>
  group: Group
  warnings: Warnings
  stop: AbortSignal
  /** What the first thread has decided, by topic; absent for that thread. */
  decided?: ReadonlyMap<string, DecidedTopic>
  /** The division of partitions over threads, and the other threads; absent without others. */
  threads?: ReadingThreads | null
  leads?: Leading | null
}

/** What a reader reaches, and how much at once: a simulation has its own. */
export interface Outside {
  /** Most messages of a batch. */
  batchRows: number
  clock: Clock
  fetchDeliveries: PartitionReader['fetchDeliveries']
  openProducer: (connection: KafkaConnection) => LetterProducer
  openRegistry: typeof createRegistry
}

const CLUSTER: Outside = {
  batchRows: BATCH_ROWS,
  clock: SYSTEM_CLOCK,
  fetchDeliveries,
  openProducer,
  openRegistry: createRegistry,
}

/** Opens a reader; it reads nothing before `readAssigned`. */
export function openReader(
  parts: ReaderParts,
  options: PartitionReaderOptions,
  outside: Outside = CLUSTER,
): PartitionReader {
  const { clock, batchRows } = outside
  const { warnings, views } = parts
  const { connection, deadLetterTopic, state } = options
  const validation = { missingMsisdnZero: state.missingMsisdn === 'zero' }
  const stats = createIngestStats(validation, options, batchRows, clock)
  const registry =
    options.registry === null
      ? null
      : outside.openRegistry(options.registry, (message) => warnings.error('registry', message))
  const letters = {
    connection,
    deadLetterTopic: deadLetterTopic ?? '',
    headers: options.deadLetterHeaders,
  }
  const shared = { closing: new AbortController(), stats, registry, batchRows }
  return {
    ...parts,
    ...shared,
    changelog: parts.changelog ?? null,
    threads: parts.threads ?? null,
    leads: parts.leads ?? null,
    grow: parts.grow ?? null,
    growing: null,
    topics: [...views].map(([topic, view]) => openTopic(topic, view, parts, shared, options)),
    failure: null,
    fetchDeliveries: outside.fetchDeliveries,
    deadLetters:
      deadLetterTopic === null
        ? null
        : createDeadLetters(letters, warnings, clock, outside.openProducer(connection)),
    settled: null,
    settling: null,
    restoreSeconds: null,
    backoff: createBackoff(BROKER_RETRY, clock),
    pause: createPause(),
    untilCaughtUp: options.untilCaughtUp,
  }
}

/** What all topics of a reader share. */
type Shared = Pick<PartitionReader, 'closing' | 'stats' | 'registry'> & Pick<Outside, 'batchRows'>

/** Each topic has decisions, positions and evidence of its own. */
function openTopic(
  topic: string,
  view: TopicView,
  { stores, cutoverMs, group, warnings, decided, growth = null }: ReaderParts,
  { closing, stats, registry, batchRows }: Shared,
  options: PartitionReaderOptions,
): ReadTopic {
  const { schema, connection, fetching, from, onGap } = options
  const found = decided?.get(topic)
  const positions = [...stores.values()].map((store) => positionIn(store, sourceOf(view)))
  const known = found?.units ?? knownUnits(positions)
  const { recordTypes } = options.units
  const source = columnsOf({ recordTypes, ...(known ?? options.units) })
  const format = createFormat({
    format: options.format,
    registry,
    schema,
    timeZone: options.state.timeZone,
    source,
    onSchema: (message) => warnings.warn(message),
  })
  const units = createTopicUnits(topic, options.units, known, format.texts)
  const json = createJsonColumns(topic, source.mapped, found?.columns ?? knownColumns(positions))
  json.decided = found?.columnsDecided ?? false
  const how = { format, partitions: view.partitions, units, json, cutoverMs }
  const messages = createMessageBatch(how, stats, batchRows)
  const numbers = numbersOf(growth, topic, view.partitions)
  messages.routing = found?.routing ?? createRouting(numbers)
  return {
    ...{ topic, view, numbers, connection, fetching, from, onGap, cutoverMs, warnings, format },
    ...{ closing, passed: { gaps: 0, records: 0 } },
    consumer: group.consumer,
    refreshing: null,
    clock: stats.clock,
    refreshedAt: stats.clock.now(),
    failure: null,
    logs: new Map(),
    logReader: createLogReader(messages),
    outcomes: createOutcomes(topic, options.rejectedLimit),
    committedOf: (partition) => fetchCommitted(group.offsets, topic, partition),
  }
}

type Known = SourcePosition | undefined

const positionIn = ({ positions }: PartitionStore, source: string): Known =>
  positions.get(source) as Known

/** The columns that JSON messages of a topic had in earlier runs, in any partition. */
const knownColumns = (positions: readonly Known[]): string[] =>
  positions.flatMap((known) => known?.jsonColumns ?? [])

/** The units of a topic that an earlier run decided, in any partition. */
const knownUnits = (positions: readonly Known[]): StoredUnits | null =>
  positions.find((known) => known !== undefined && known.evidence !== NO_ROW_READ) ?? null
