// What serving needs to know of the pipeline: the one interface between them.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import type { SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import type { SubscriberList, Subscriber } from '../snapshot/subscriber-schema.ts'

/** Seconds that each phase of a snapshot took. */
export interface SnapshotTimings {
  scan: number
  scale: number
  kmeans: number
  elbow: number
  top: number
  publish: number
}

/** A snapshot as it was published: the object itself, its JSON text, and when. */
export interface Published {
  snapshot: Snapshot
  json: string
  atMs: number
  timings: SnapshotTimings
}

/** How snapshots went so far. */
export interface SnapshotRuns {
  success: number
  failure: number
  skipped: number
  intervalSeconds: number
}

/** What the store is read for beside its writer, which ends the process when it fails. */
export const STORE_OPERATIONS = ['snapshot', 'look-up'] as const
export type StoreOperation = (typeof STORE_OPERATIONS)[number]

/** The pipeline as the server sees it. Everything is read at the moment of a request. */
export interface PipelineView {
  version: string
  /** The commit that it was built from, or `unknown`. */
  revision: string
  startedAtMs: number
  /** The latest of each, null before the first. */
  progress(): IngestProgress | null
  published(): Published | null
  runs(): SnapshotRuns
  /** Reads of the store that failed since the start. */
  storeErrors(): Readonly<Record<StoreOperation, number>>
  /** Options in force that matter to a reader (no secrets). */
  options(): Record<string, unknown>
  /** One subscriber as of now; null when there is none of that MSISDN. */
  lookup(msisdn: number): Promise<Subscriber | null>
  /** A page of subscribers as of now; null while nothing is committed. */
  subscribers(query: SubscriberQuery): Promise<SubscriberList | null>
  /** Called at each new snapshot and each progress message; returns how to stop that. */
  subscribe(listener: (event: 'snapshot' | 'progress') => void): () => void
}
