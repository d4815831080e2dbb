// What ingest tells the rest of the process, a few times a second, by message.
import type { SourceNote } from '../../src/record/duration-unit.ts'

/** Life of the process, as the metric `xdrpulse_state` names it. */
export const LIFE_STATES = ['starting', 'restoring', 'running', 'draining', 'failed'] as const
export type LifeState = (typeof LIFE_STATES)[number]

/** Counters since this process started; all of them only grow. */
export interface IngestCounters {
  /** Rows read of the sources: applied + duplicate + excluded + rejected. */
  rows: number
  applied: number
  /** Rows at positions that an earlier run had already applied or rejected. */
  duplicate: number
  /** Valid rows that the other source of a cut-over has. */
  excluded: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Bytes of application a: download at 2a, upload at 2a + 1. */
  applicationBytes: number[]
  durationMs: number
  commits: number
  /** Bytes of the files read so far, by share of rows. */
  consumedBytes: number
}

/** Measurements since the last message, one number per batch or commit. */
export interface IngestObservations {
  batchFoldSeconds: number[]
  batchRecords: number[]
  commitSeconds: number[]
  flushSeconds: number[]
  /** From Kafka's timestamp of a batch of messages until it is durable. */
  visibleLatencySeconds: number[]
}

/** Kinds of trouble of a consumer that do not end it. */
export const CONSUMER_ERRORS = [
  'fetch',
  'metadata',
  'group',
  'commit',
  'registry',
  'dead-letter',
  'gap',
  'paused',
] as const
export type ConsumerError = (typeof CONSUMER_ERRORS)[number]

/** A sentence for the log. */
export interface Warning {
  level: 'info' | 'warn' | 'error'
  message: string
}

/** One partition of the topic as this process reads it. Offsets are exclusive ends. */
export interface PartitionProgress {
  partition: number
  /** End of the log as far as transactions are decided; null before the first answer. */
  endOffset: number | null
  appliedOffset: number
  durableOffset: number
  /** What Kafka has acknowledged, in this process; null before that. */
  committedOffset: number | null
  lagRecords: number | null
  /** Since the timestamp of the last record applied; 0 without lag. */
  lagSeconds: number | null
  /** Kafka's timestamp of the last record applied; null before the first. */
  lastAppliedMs: number | null
  /** What keeps it from being read, in words. */
  stopped: string | null
  gap: boolean
}

/** All rows ever read of a source: read = applied + rejected + excluded + gap. */
export interface SourceReconciliation {
  name: string
  kind: 'file' | 'topic'
  read: number
  applied: number
  /** Valid rows that the other source of a cut-over has. */
  excluded: number
  rejected: number
  /** 0, or we have a bug. */
  gap: number
}

/** What a consumer of Kafka tells beside. */
export interface ConsumerProgress {
  topic: string
  topicPartitions: number
  group: string
  instance: string
  /** In the group, by its coordinator's last word. */
  member: boolean
  assigned: number[]
  partitions: PartitionProgress[]
  /** Why reading is paused altogether, in words. */
  paused: string | null
  rebalances: number
  errors: Record<string, number>
  gapsPassed: { gaps: number; records: number }
  deadLetters: {
    topic: string
    sent: Record<string, number>
    failures: number
    pending: number
  } | null
  /** Rows seen in another partition than Kafka's default partitioner gives their MSISDN. */
  misrouted: number
  backpressureSeconds: number
  caughtUp: boolean
}

export interface IngestProgress {
  state: LifeState
  counters: IngestCounters
  observations: IngestObservations
  /** Rows in all files of this run. */
  totalRows: number
  subscribers: number
  dirtySubscribers: number
  /** Milliseconds since 1970 of the last durable commit, null before the first. */
  lastDurableMs: number | null
  restoreSeconds: number | null
  /** Event time reached when replaying in order of time, else null. */
  eventTimeMs: number | null
  sources: SourceNote[]
  store: { fileBytes: number; usedBytes: number; volumeFreeBytes: number }
  /** All rows are dealt with and durable. */
  done: boolean
  /** Null while files are read. */
  consumer: ConsumerProgress | null
  /** What a consumer's history counted before it went live; null without one. */
  history: IngestCounters | null
  /** Told with the last message of a consumer, null before. */
  reconciliation: SourceReconciliation[] | null
  /** To be logged; told once. */
  warnings: Warning[]
}
