// The progress of an ingest, as its thread reports it to the main thread several times per second.
import { addByName } from '../../src/record/add-by-name.ts'
import type { SkippedPath } from '../../src/parquet/find/skipped.ts'
import type { SourceReconciliation } from './source-reconciliation.ts'
import type { ChangelogProgress, ReplicaProgress } from './changelog-progress.ts'
import type { SourceNote } from '../../src/record/source-units.ts'

/** States of the process, as the metric `xdrpulse_state` names them. */
export const LIFE_STATES = ['starting', 'restoring', 'running', 'draining', 'failed'] as const
/** One of `LIFE_STATES`. */
export type LifeState = (typeof LIFE_STATES)[number]

/** Counters since the start of the process; none of them ever decreases. */
export interface IngestCounters {
  /** Rows read from the sources: applied + duplicate + excluded + rejected. */
  rows: number
  applied: number
  /** Rows at positions that had been read before. */
  duplicate: number
  /** Rows that belong to the other side of a cut-over. */
  excluded: number
  /** By reason. */
  rejected: Record<string, number>
  /** Values that were rounded or unreadable, and missing values, by column. */
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Bytes of application a: download at 2a, upload at 2a + 1. */
  applicationBytes: number[]
  durationMs: number
  commits: number
  /** Bytes read: of files by share of rows, of a topic as fetched. */
  consumedBytes: number
}

/** The sums of two sets of counters; each may lack applications that the other has. */
export function addCounters(a: IngestCounters, b: IngestCounters): IngestCounters {
  const length = Math.max(a.applicationBytes.length, b.applicationBytes.length)
  return {
    rows: a.rows + b.rows,
    applied: a.applied + b.applied,
    duplicate: a.duplicate + b.duplicate,
    excluded: a.excluded + b.excluded,
    rejected: addByName(a.rejected, b.rejected),
    coerced: addByName(a.coerced, b.coerced),
    missing: addByName(a.missing, b.missing),
    applicationBytes: Array.from(
      { length },
      (_, at) => (a.applicationBytes[at] ?? 0) + (b.applicationBytes[at] ?? 0),
    ),
    durationMs: a.durationMs + b.durationMs,
    commits: a.commits + b.commits,
    consumedBytes: a.consumedBytes + b.consumedBytes,
  }
}

/** Measurements since the last report, one number per batch or commit. */
export interface IngestObservations {
  batchFoldSeconds: number[]
  batchRecords: number[]
  commitSeconds: number[]
  flushSeconds: number[]
  /** From Kafka's timestamp of a record batch until its rows are durable. */
  visibleLatencySeconds: number[]
}

/** Kinds of errors that do not end a consumer. */
export const CONSUMER_ERRORS = [
  'fetch',
  'metadata',
  'group',
  'commit',
  'registry',
  'dead-letter',
  'gap',
  'paused',
  'changelog',
] as const
/** One of `CONSUMER_ERRORS`. */
export type ConsumerError = (typeof CONSUMER_ERRORS)[number]

/** A sentence for the log. */
export interface Warning {
  level: 'info' | 'warn' | 'error'
  message: string
}

/** One partition of a topic that this process reads. Offsets are exclusive ends. */
export interface PartitionProgress {
  topic: string
  partition: number
  /** Where reading began, and the offsets from 0 on that the log no longer held then. */
  firstOffset: number
  notRetained: number
  /** Offsets missing between the records read in this run, because the topic is compacted. */
  compacted: number
  /** End of the log as far as transactions have ended; null before the first response. */
  endOffset: number | null
  appliedOffset: number
  durableOffset: number
  /** The offset that Kafka acknowledged to this process; null before the first. */
  committedOffset: number | null
  lagRecords: number | null
  /** Seconds since the timestamp of the last record applied; 0 without lag. */
  lagSeconds: number | null
  /** Kafka's timestamp of the last record applied (UTC ms); null before the first. */
  lastAppliedMs: number | null
  /** Why it is not read, as a sentence; null while it is. */
  stopped: string | null
  /** It stopped at a gap. */
  gap: boolean
  /** The brokers do not allow to read it. */
  denied: boolean
}

/** A topic that is read. */
export interface TopicProgress {
  topic: string
  /** The numbers of partitions that it has had; the last one is the present. */
  partitions: readonly number[]
  /** How producers choose the partition of an MSISDN; null values while that is unknown. */
  partitioner: { hash: string | null; encoding: string | null; evidence: string }
  /** Rows found in another partition than this partitioner assigns to their MSISDN. */
  misrouted: number
}

/** The part of the progress that only a topic consumer has. */
export interface ConsumerProgress {
  topics: TopicProgress[]
  topicPartitions: number
  /** Ingest threads that read; 1 until several have divided the partitions. */
  threads: number
  group: string
  instance: string
  /** It is a member of the group: its lease has not ended. */
  member: boolean
  assigned: number[]
  /** Why nothing is assigned, as a sentence; null for a member with partitions. */
  idle: string | null
  partitions: PartitionProgress[]
  /** Why no partition is read, as a sentence; null while reading. */
  paused: string | null
  rebalances: number
  /** By kind, see `CONSUMER_ERRORS`. */
  errors: Record<string, number>
  gapsPassed: { gaps: number; records: number }
  /** Messages of record types that are not read, in this run. */
  otherTypes: number
  /** Null without a changelog. */
  changelog: ChangelogProgress | null
  deadLetters: {
    topic: string
    sent: Record<string, number>
    failures: number
    pending: number
  } | null
  /** Seconds for which reading was paused. */
  backpressureSeconds: number
  /** Everything assigned was read to its end. */
  caughtUp: boolean
}

/** A report of an ingest. */
export interface IngestProgress {
  state: LifeState
  counters: IngestCounters
  observations: IngestObservations
  /** Rows in all files of this run; of a topic, rows read and lag. */
  totalRows: number
  subscribers: number
  /** Subscribers that changed since the last commit. */
  dirtySubscribers: number
  /** UTC ms of the last commit; null before the first. */
  lastDurableMs: number | null
  /** Seconds that loading the state took; null before that. */
  restoreSeconds: number | null
  /** Event time that a replay in order of time has reached (UTC ms); null otherwise. */
  eventTimeMs: number | null
  sources: SourceNote[]
  store: { fileBytes: number; usedBytes: number; volumeFreeBytes: number }
  /** All rows were read and are durable. */
  done: boolean
  /** Null for files. */
  consumer: ConsumerProgress | null
  /** Null except in a replica. */
  replica: ReplicaProgress | null
  /** What a consumer's history counted; null without one. */
  history: IngestCounters | null
  /** In the last report of a consumer; null before. */
  reconciliation: SourceReconciliation[] | null
  /** What the arguments cover and is not read; in the last report of a replay, else empty. */
  skipped: SkippedPath[]
  /** To be logged; each is reported once. */
  warnings: Warning[]
  /** Milliseconds for which one of several threads has reported nothing. */
  silentMs: number
}
