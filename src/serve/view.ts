// What the server reads of the pipeline: the one interface between them.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import type { SubscriberList, Subscriber } from '../snapshot/subscriber-schema.ts'

/** Seconds of each phase of a snapshot. */
export interface SnapshotTimings {
  scan: number
  scale: number
  kmeans: number
  elbow: number
  top: number
  publish: number
}

/** A published snapshot: the object, its JSON text, and when it was published. */
export interface Published {
  snapshot: Snapshot
  json: string
  atMs: number
  timings: SnapshotTimings
}

/** Snapshots since the start, by outcome, and the configured interval. */
export interface SnapshotRuns {
  success: number
  failure: number
  skipped: number
  intervalSeconds: number
}

/** Purposes of reading the store. A failure of its writer is not one: it ends the process. */
export const STORE_OPERATIONS = ['snapshot', 'look-up'] as const
/** One of them. */
export type StoreOperation = (typeof STORE_OPERATIONS)[number]

/** The pipeline as the server reads it, at the moment of a request. */
export interface PipelineView {
  version: string
  /** The commit that it was built from, or `unknown`. */
  revision: string
  startedAtMs: number
  /** The last message of ingest and the last snapshot; null before the first. */
  progress(): IngestProgress | null
  published(): Published | null
  /** True while the first snapshot is due: something is committed, or it is not known yet. */
  awaitsSnapshot(): boolean
  runs(): SnapshotRuns
  /** Failed reads of the store since the start. */
  storeErrors(): Readonly<Record<StoreOperation, number>>
  /** Options in force, without secrets. */
  options(): Record<string, unknown>
  /** One subscriber as of now; null for an unknown MSISDN. Rejects when the store is unreadable. */
  lookup(msisdn: number): Promise<Subscriber | null>
  /** A page of subscribers as of now; null while nothing is committed. Rejects as `lookup` does. */
  subscribers(query: SubscriberQuery): Promise<SubscriberList | null>
  /** Calls back at each snapshot and message of ingest; returns a function that unsubscribes. */
  subscribe(listener: (event: 'snapshot' | 'progress') => void): () => void
}
