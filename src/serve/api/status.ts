// The status of the pipeline: a short form for the live stream, a long one for its own route.
import type {
  ConsumerProgress,
  IngestCounters,
  LifeState,
} from '../../../consumers/ingest/progress.ts'
import type { ReplicaProgress } from '../../../consumers/ingest/changelog-progress.ts'
import type { Snapshot } from '../../snapshot/schema.ts'
import type { SourceNote } from '../../record/source-units.ts'
import { replicaMessage, type ReplicaMessage } from '../health/replica-age.ts'
import { assignedPartitions, orderedOffsets, topicsText } from '../health/offsets.ts'
import type { Health } from '../health/health.ts'
import type { Throughput } from '../health/throughput.ts'
import { stateOf } from '../health/readiness.ts'
import type { PipelineView, SnapshotRuns, SnapshotTimings } from '../view.ts'

/** How far topics are read. */
export interface KafkaMessage {
  /** The names of the topics, with ', ' between them. */
  topic: string
  member: boolean
  assignedPartitions: number
  topicPartitions: number
  /** Sum over the assigned partitions; null while that of one is unknown. */
  lagRecords: number | null
  /** Maximum over the assigned partitions; null while none is known. */
  lagSeconds: number | null
  /** Exclusive ends of the applied and of the durable offsets, per assigned partition. */
  positions: { topic: string; partition: number; appliedOffset: number; durableOffset: number }[]
}

/** The progress message of the live stream, about one per second. */
export interface ProgressMessage extends Throughput {
  state: LifeState
  /** Why the pipeline is not ready, in a sentence; null when it is. */
  notReady: string | null
  /** Null when the source is files. */
  kafka: KafkaMessage | null
  /** Null except in a replica. */
  replica: ReplicaMessage | null
  version: string
  uptimeSeconds: number
  /** Of the last snapshot, null before the first. */
  snapshotNumber: number | null
  snapshotAtMs: number | null
  /** Null before the first message of ingest. */
  counters: IngestCounters | null
  totalRows: number
  /** Share of the rows that is read, 0 to 1; null without rows. */
  progress: number | null
  subscribers: number
  dirtySubscribers: number
  lastDurableMs: number | null
  eventTimeMs: number | null
  done: boolean
}

/** The response of `/api/v1/status`. */
export interface Status extends Omit<ProgressMessage, 'replica'> {
  startedAtMs: number
  restoreSeconds: number | null
  store: { fileBytes: number; usedBytes: number; volumeFreeBytes: number } | null
  sources: SourceNote[]
  /** Null when the source is files. */
  consumer: ConsumerProgress | null
  /** Null except in a replica. */
  replica: (ReplicaProgress & ReplicaTimes) | null
  positions: Snapshot['positions']
  /** Of the last snapshot, null before the first. */
  splitSubscribers: number | null
  runs: SnapshotRuns
  timings: SnapshotTimings | null
  options: Record<string, unknown>
}

type ReplicaTimes = Pick<ReplicaMessage, 'asOfMs' | 'late'>

function replicaStatus(replica: ReplicaProgress, nowMs: number): ReplicaProgress & ReplicaTimes {
  const { asOfMs, late } = replicaMessage(replica, nowMs)
  return { ...replica, asOfMs, late }
}

/** The lag over all partitions that this process reads. */
function kafkaMessage(consumer: ConsumerProgress): KafkaMessage {
  const partitions = assignedPartitions(consumer)
  const lags = partitions.map(orderedOffsets)
  const seconds = partitions.map(({ lagSeconds }) => lagSeconds).filter((each) => each !== null)
  const isKnown = lags.every(({ end }) => end !== null)
  return {
    topic: topicsText(consumer),
    member: consumer.member,
    assignedPartitions: consumer.assigned.length,
    topicPartitions: consumer.topicPartitions,
    lagRecords: isKnown ? lags.reduce((sum, { end, applied }) => sum + end! - applied, 0) : null,
    lagSeconds: seconds.length === 0 ? null : Math.max(...seconds),
    positions: partitions.map(({ topic, partition, appliedOffset, durableOffset }) => {
      return { topic, partition, appliedOffset, durableOffset }
    }),
  }
}

/** The short form as of `nowMs`, milliseconds since 1970. */
export function progressMessage(
  view: PipelineView,
  { throughput, notReady }: Health,
  nowMs: number,
): ProgressMessage {
  const progress = view.progress()
  const published = view.published()
  const totalRows = progress?.totalRows ?? 0
  return {
    state: stateOf(view),
    notReady,
    kafka: progress?.consumer ? kafkaMessage(progress.consumer) : null,
    replica: progress?.replica ? replicaMessage(progress.replica, nowMs) : null,
    version: view.version,
    uptimeSeconds: (nowMs - view.startedAtMs) / 1000,
    snapshotNumber: published?.snapshot.number ?? null,
    snapshotAtMs: published?.atMs ?? null,
    rowsPerSecond: throughput.rowsPerSecond,
    etaSeconds: throughput.etaSeconds,
    counters: progress?.counters ?? null,
    totalRows,
    progress: totalRows > 0 ? (progress?.counters.rows ?? 0) / totalRows : null,
    subscribers: progress?.subscribers ?? 0,
    dirtySubscribers: progress?.dirtySubscribers ?? 0,
    lastDurableMs: progress?.lastDurableMs ?? null,
    eventTimeMs: progress?.eventTimeMs ?? null,
    done: progress?.done ?? false,
  }
}

/** The long form as of `nowMs`, milliseconds since 1970. */
export function status(view: PipelineView, health: Health, nowMs: number): Status {
  const progress = view.progress()
  const published = view.published()
  return {
    ...progressMessage(view, health, nowMs),
    startedAtMs: view.startedAtMs,
    restoreSeconds: progress?.restoreSeconds ?? null,
    store: progress?.store ?? null,
    sources: progress?.sources ?? [],
    consumer: progress?.consumer ?? null,
    replica: progress?.replica ? replicaStatus(progress.replica, nowMs) : null,
    positions: published?.snapshot.positions ?? [],
    splitSubscribers: published?.snapshot.splitSubscribers ?? null,
    runs: view.runs(),
    timings: published?.timings ?? null,
    options: view.options(),
  }
}
