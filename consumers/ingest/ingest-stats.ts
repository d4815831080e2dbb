// What an ingest counts and measures, and when it commits: the same for every source.
import { SYSTEM_CLOCK, type Clock } from '../../src/clock.ts'
import { REASONS } from '../../src/record/batch.ts'
import type { Batch } from '../../src/record/batch.ts'
import type { ValidationCounts, ValidationOptions } from '../../src/record/validation.ts'
import { AMOUNT, AMOUNTS, USED_COLUMNS } from '../../src/record/columns.ts'
import { commitPartition, type CommitTimes } from '../../state/commit.ts'
import { zeros } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import { createApplier, foldHere, type Applier, type Destination } from './applier.ts'
import type { IngestCounters, IngestObservations } from './progress.ts'

/** How often to commit, and what a commit keeps. */
export interface CommitOptions {
  commitIntervalMs: number
  /** Maximum number of rejected rows kept per partition. */
  keepRejected: number
  /** Called after each commit; set within the thread, because a function cannot be sent to it. */
  onCommit?: () => void
}

/** Rejected rows wait in memory for the commit; beyond this number a commit is due early. */
const MOST_REJECTED_WAITING = 50_000
/** The same as characters: a message of Kafka may have a megabyte. */
const MOST_REJECTED_CHARACTERS = 64 * 2 ** 20

/** Counters and measurements of one run. */
export interface IngestStats {
  clock: Clock
  counters: IngestCounters
  /** Emptied when they are reported. */
  observations: IngestObservations
  /** UTC ms of the last commit; null before the first. */
  lastDurableMs: number | null
  applier: Applier
  /** Records a batch: rows applied, and the time since `startedAt` (`clock.now()`). */
  observeBatch(applied: number, startedAt: number): void
  /** True when the commit interval is over, or too many rejected rows wait in memory. */
  isDue(partitions: Iterable<Partition>): boolean
  /** Commits those of the partitions that changed; on return they are durable. */
  commit(partitions: Iterable<Partition>): void
  /** Records commits that have ended; none where nothing had changed. */
  noteCommits(times: readonly CommitTimes[]): void
  /** Updates the counters from those of the applier. */
  update(): void
}

/** Creates counters at 0, with an applier of up to `capacity` rows per call. */
export function createIngestStats(
  validation: ValidationOptions,
  { commitIntervalMs, keepRejected, onCommit }: CommitOptions,
  capacity: number,
  clock: Clock = SYSTEM_CLOCK,
  destination: Destination = foldHere(capacity),
): IngestStats {
  const counters = createIngestCounters()
  const observations = createObservations()
  // Only commits with changes count: the first rows after a start or a pause are durable at once.
  let lastCommit = -Infinity
  const stats: IngestStats = {
    clock,
    counters,
    observations,
    lastDurableMs: null,
    applier: createApplier(
      validation,
      capacity,
      (batch) => addTotals(counters, batch),
      destination,
    ),
    observeBatch(applied, startedAt) {
      observations.batchFoldSeconds.push((clock.now() - startedAt) / 1000)
      observations.batchRecords.push(applied)
    },
    isDue(partitions) {
      if (clock.now() - lastCommit >= commitIntervalMs) return true
      let characters = 0
      for (const { rejected } of partitions) {
        if (rejected.length > MOST_REJECTED_WAITING) return true
        for (const { raw } of rejected) characters += raw.length
      }
      return characters > MOST_REJECTED_CHARACTERS
    },
    commit(partitions) {
      const times: CommitTimes[] = []
      for (const partition of partitions) {
        if (hasChanged(partition)) times.push(commitPartition(partition, keepRejected))
      }
      stats.noteCommits(times)
    },
    noteCommits(times) {
      for (const { commitSeconds, flushSeconds } of times) {
        observations.commitSeconds.push(commitSeconds)
        observations.flushSeconds.push(flushSeconds)
      }
      counters.commits += times.length
      stats.update()
      if (times.length === 0) return
      stats.lastDurableMs = clock.utcMs()
      lastCommit = clock.now()
      onCommit?.()
    },
    update: () => takeCounts(counters, stats.applier.counts),
  }
  return stats
}

/** True when a commit of the partition has something to write. */
export const hasChanged = ({ moved, delivered }: Partition): boolean =>
  moved.size > 0 || delivered.length > 0

function createIngestCounters(): IngestCounters {
  return {
    rows: 0,
    applied: 0,
    duplicate: 0,
    excluded: 0,
    rejected: zeros(REASONS),
    coerced: zeros(USED_COLUMNS),
    missing: zeros(USED_COLUMNS),
    applicationBytes: new Array<number>(AMOUNTS.length - AMOUNT.applications).fill(0),
    durationMs: 0,
    commits: 0,
    consumedBytes: 0,
  }
}

/** No observations. */
export const createObservations = (): IngestObservations => ({
  batchFoldSeconds: [],
  batchRecords: [],
  commitSeconds: [],
  flushSeconds: [],
  visibleLatencySeconds: [],
})

/** Copies the validation counts of the run into the counters that are reported. */
function takeCounts(counters: IngestCounters, counts: ValidationCounts): void {
  REASONS.forEach((reason, at) => (counters.rejected[reason] = counts.rejected[at]))
  USED_COLUMNS.forEach((column, at) => {
    counters.coerced[column] = counts.coerced[at]
    counters.missing[column] = counts.missing[at]
  })
}

function addTotals(counters: IngestCounters, { amounts, count }: Batch): void {
  counters.durationMs += sumOf(amounts[AMOUNT.durationMs], count)
  for (let a = 0; a < counters.applicationBytes.length; a++) {
    counters.applicationBytes[a] += sumOf(amounts[AMOUNT.applications + a], count)
  }
}

function sumOf(values: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]
  return sum
}
