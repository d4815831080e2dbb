// What an ingest thread and the thread that publishes its partitions send each other.
import type { Failure } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { StateOptions } from '../../state/writer.ts'
import type { CheckpointReport } from './publisher.ts'
import type { Checkpoint } from './restore.ts'
import type { ChangelogTopics } from './topics.ts'

/** What the thread is started with. */
export interface ChangelogData {
  connection: KafkaConnection
  prefix: string
  intervalMs: number
  stateDirectory: string
  options: StateOptions
  member: string
}

/** To the thread; it answers a request with its id. */
export type ToChangelog =
  /** `count`: number of partitions of the topic that is read. */
  | { type: 'claim'; id: number; partition: number; count: number }
  | { type: 'begin'; id: number; partition: number; identity: string; since: number }
  | { type: 'release'; id: number; partition: number }
  | { type: 'end'; id: number }

/** What a claim found. */
export interface Claimed {
  topics: ChangelogTopics
  newest: Checkpoint | null
}

/** From the thread. */
export type FromChangelog =
  | { type: 'answer'; id: number; claimed: Claimed | null }
  | { type: 'refusal'; id: number; failure: Failure }
  | { type: 'checkpoint'; partition: number; report: CheckpointReport }
  | { type: 'trouble'; partition: number; sentence: string }
  | { type: 'fenced'; partition: number }
  | { type: 'note'; sentence: string }
