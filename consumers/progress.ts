// What ingest tells the rest of the process, a few times a second, by message.

/** Life of the process, as METRICS.md's `state` gauge names it. */
export const LIFE_STATES = ['starting', 'restoring', 'running', 'draining', 'failed'] as const
export type LifeState = (typeof LIFE_STATES)[number]

/** How a source was understood: told once in the log, and in the status as long as it is known. */
export interface SourceNote {
  name: string
  durationUnit: 'ms' | 's'
  /** In words: how the unit was found. */
  evidence: string
}

/** Counters since this process started; all of them only grow. */
export interface IngestCounters {
  /** Rows of the sources dealt with: applied + duplicate + refused. */
  rows: number
  applied: number
  /** Rows that an earlier run had already applied or refused. */
  duplicate: number
  refused: Record<string, number>
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
}
