// What the ingest thread of a replay and its folding threads send to each other.
import type { Failure } from '../../../src/errors.ts'
import type { CommitTimes } from '../../../state/commit.ts'
import type { Counters, RejectedRow, SourcePosition } from '../../../state/partition-metadata.ts'

/** What a folding thread is started with. */
export interface FoldData {
  stateDirectory: string
  /** The partitions that it holds. */
  partitions: number[]
  command: string
  keepRejected: number
  capacity: number
  slabs: SharedArrayBuffer[]
}

/** Records of one partition in a slab. */
export interface FoldPart {
  partition: number
  from: number
  count: number
}

/** What a commit of a partition adds to the records that were folded. */
export interface CommitPart {
  partition: number
  counters: Pick<Counters, 'applied' | 'rejected' | 'coerced' | 'missing'>
  positions: [string, SourcePosition][]
  rejected: RejectedRow[]
}

/** A message to a folding thread. */
export type ToFolding =
  | { type: 'fold'; slab: number; parts: FoldPart[] }
  | { type: 'commit'; parts: CommitPart[] }
  | { type: 'end' }

/** A partition as it was loaded, without its aggregates. */
export interface LoadedPart {
  partition: number
  counters: Counters
  positions: Map<string, SourcePosition>
}

/** Subscribers of the partitions of a thread, and how many of them changed since the last commit. */
export interface Held {
  subscribers: number
  dirtySubscribers: number
}

/** A message from a folding thread. */
export type FromFolding =
  | { type: 'opened' }
  | ({ type: 'loaded'; parts: LoadedPart[] } & Held)
  | ({ type: 'folded'; slab: number } & Held)
  | ({ type: 'committed'; times: CommitTimes[] } & Held)
  | ({ type: 'failed' } & Failure)
