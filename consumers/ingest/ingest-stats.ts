// What an ingest counts and measures, and its commit: the same for every source.
import { performance } from 'node:perf_hooks'
import { REASONS } from '../../src/record/batch.ts'
import type { Batch } from '../../src/record/batch.ts'
import type { ValidationCounts, ValidationOptions } from '../../src/record/validation.ts'
import { APPLICATIONS, USED_COLUMNS } from '../../src/record/columns.ts'
import { commitPartition } from '../../state/commit.ts'
import { zeros } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import { createApplier, type Applier } from './applier.ts'
import type { IngestCounters, IngestObservations } from './progress.ts'

/** What may wait in memory for the commit. */
export interface CommitOptions {
  commitIntervalMs: number
  /** Most rejected rows kept in each partition. */
  keepRejected: number
  /** Called when something has become durable; only within a thread, which cannot be sent one. */
  onCommit?: () => void
}

/** Rejected rows wait in memory for the commit: more than this, and it comes early. */
const MOST_REJECTED_WAITING = 50_000
/** As many characters of them, for a message of Kafka may have a megabyte. */
const MOST_REJECTED_CHARACTERS = 64 * 2 ** 20

export interface IngestStats {
  counters: IngestCounters
  /** Emptied by whoever reports them. */
  observations: IngestObservations
  lastDurableMs: number | null
  applier: Applier
  /** Notes that rows were applied, and how long that took. */
  observeBatch(applied: number, startedAt: number): void
  /** True when the interval is over, or too much waits in memory. */
  isDue(partitions: Iterable<Partition>): boolean
  /** Commits what changed in these partitions; on return it is durable. */
  commit(partitions: Iterable<Partition>): void
  /** Brings the counters up to what the applier has counted. */
  update(): void
}

/** Counters at zero, with an applier for up to `capacity` rows at a time. */
export function createIngestStats(
  validation: ValidationOptions,
  { commitIntervalMs, keepRejected, onCommit }: CommitOptions,
  capacity: number,
): IngestStats {
  const counters = createIngestCounters()
  const observations = createObservations()
  // Only what was committed counts: the first rows after a start or a pause are durable at once.
  let lastCommit = -Infinity
  const stats: IngestStats = {
    counters,
    observations,
    lastDurableMs: null,
    applier: createApplier(validation, capacity, (batch) => addTotals(counters, batch)),
    observeBatch(applied, startedAt) {
      observations.batchFoldSeconds.push((performance.now() - startedAt) / 1000)
      observations.batchRecords.push(applied)
    },
    isDue(partitions) {
      if (performance.now() - lastCommit >= commitIntervalMs) return true
      let characters = 0
      for (const { rejected } of partitions) {
        if (rejected.length > MOST_REJECTED_WAITING) return true
        for (const { raw } of rejected) characters += raw.length
      }
      return characters > MOST_REJECTED_CHARACTERS
    },
    commit(partitions) {
      const before = counters.commits
      for (const partition of partitions) {
        if (partition.moved.size === 0 && partition.delivered.length === 0) continue
        const { commitSeconds, flushSeconds } = commitPartition(partition, keepRejected)
        observations.commitSeconds.push(commitSeconds)
        observations.flushSeconds.push(flushSeconds)
        counters.commits++
        stats.lastDurableMs = Date.now()
        lastCommit = performance.now()
      }
      stats.update()
      if (counters.commits > before) onCommit?.()
    },
    update: () => takeCounts(counters, stats.applier.counts),
  }
  return stats
}

/** Counters that all begin at 0. */
function createIngestCounters(): IngestCounters {
  return {
    rows: 0,
    applied: 0,
    duplicate: 0,
    excluded: 0,
    rejected: zeros(REASONS),
    coerced: zeros(USED_COLUMNS),
    missing: zeros(USED_COLUMNS),
    applicationBytes: new Array<number>(2 * APPLICATIONS.length).fill(0),
    durationMs: 0,
    commits: 0,
    consumedBytes: 0,
  }
}

const createObservations = (): IngestObservations => ({
  batchFoldSeconds: [],
  batchRecords: [],
  commitSeconds: [],
  flushSeconds: [],
  visibleLatencySeconds: [],
})

/** Copies the run's counts of validation into the counters that are reported. */
function takeCounts(counters: IngestCounters, counts: ValidationCounts): void {
  REASONS.forEach((reason, at) => (counters.rejected[reason] = counts.rejected[at]))
  USED_COLUMNS.forEach((column, at) => {
    counters.coerced[column] = counts.coerced[at]
    counters.missing[column] = counts.missing[at]
  })
}

function addTotals(counters: IngestCounters, { amounts, count }: Batch): void {
  counters.durationMs += sumOf(amounts[0], count)
  for (let a = 0; a < counters.applicationBytes.length; a++) {
    counters.applicationBytes[a] += sumOf(amounts[3 + a], count)
  }
}

function sumOf(values: Float64Array, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]
  return sum
}
