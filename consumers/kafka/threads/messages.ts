// What the first ingest thread of a member and its other threads send to each other.
import type { Failure } from '../../../src/errors.ts'
import type { Growth } from '../../../state/partition-metadata.ts'
import type { IngestProgress } from '../../ingest/progress.ts'
import type { DurableOffset } from '../group/offsets.ts'
import type { DecidedTopic } from '../log/decided-topic.ts'
import type { TopicConsumerOptions } from '../run.ts'

/** What a thread is started with. */
export interface ThreadData {
  options: Omit<TopicConsumerOptions, 'onCommit'>
  index: number
  count: number
  /** Number of partitions of the state. */
  partitions: number
  growth: Growth | null
  command: string
}

/** A message to a thread. */
export type ToThread =
  /** The partitions that it reads from now on. */
  | {
      type: 'assign'
      version: number
      partitions: number[]
      topics: DecidedTopic[]
      cutoverMs: number | null
    }
  /** The state has this number of partitions now; the thread opens its part, and answers `opened`. */
  | { type: 'grow'; partitions: number; growth: Growth | null }
  /** The lease lasts for `forMs` from `atNs` of `process.hrtime` on, which all threads share. */
  | { type: 'lease'; forMs: number; atNs: bigint }
  /** The answer to `offsets`; null for an acknowledgement of the group. */
  | { type: 'sent'; id: number; error: string | null }
  /** End after the rows in hand are committed; or at once, without a commit. */
  | { type: 'stop' | 'abandon' }

/** What a thread reports several times per second. */
export interface ThreadReport {
  progress: IngestProgress
  /** The version of the last assignment that it received, and whether it is carried out. */
  version: number
  settled: boolean
  /** First offsets of the logs that it reads. */
  logStarts: { source: string; partition: number; start: number }[]
}

/** A message from a thread. */
export type FromThread =
  | { type: 'opened' }
  | ({ type: 'progress' | 'end' } & ThreadReport)
  | { type: 'offsets'; id: number; batch: DurableOffset[] }
  | ({ type: 'failed' } & Failure)
