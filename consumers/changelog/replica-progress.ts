// What a replica reports: its counters, and the checkpoint that each partition has.
import { describeIngest } from '../ingest/describe.ts'
import type { ReplicaProgress } from '../ingest/changelog-progress.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import type { Followed, Step } from './follow.ts'

/** Places of sums in a marker. */
const [RECORDS, DURATION, APPLICATIONS] = [0, 2, 5]

/** Counts what a checkpoint has added; what was before this process counts as nothing. */
export function countStep(stats: IngestStats, { applied, bytes }: Step): void {
  const { counters } = stats
  counters.consumedBytes += bytes
  if (applied === null) return
  const { marker, before, times } = applied
  if (before !== null) {
    const grown = (at: number): number =>
      Number(BigInt(marker.sums.columns[at]) - BigInt(before.sums.columns[at]))
    counters.rows += grown(RECORDS)
    counters.applied += grown(RECORDS)
    counters.durationMs += grown(DURATION)
    for (let a = 0; a < counters.applicationBytes.length; a++) {
      counters.applicationBytes[a] += grown(APPLICATIONS + a)
    }
  }
  stats.noteCommits([times])
}

/** The present progress of a replica. */
export function describeReplica(
  prefix: string,
  followed: readonly Followed[],
  stats: IngestStats,
  warnings: IngestProgress['warnings'],
  isStopping: boolean,
): IngestProgress {
  const partitions = followed.flatMap(({ partition }) => (partition === null ? [] : [partition]))
  const isComplete = followed.length > 0 && partitions.length === followed.length
  const replica: ReplicaProgress = {
    prefix,
    partitions: followed.map(({ store, position, partition }) => ({
      partition: store.partition,
      checkpoint: position?.number ?? null,
      member: position?.member ?? null,
      asOfMs: position?.atMs ?? null,
      withinMs: position?.withinMs ?? null,
      positions: [...(partition?.positions.values() ?? [])].map(({ name, next }) => ({
        name,
        next,
      })),
    })),
  }
  const state = isStopping
    ? 'draining'
    : followed.length === 0
      ? 'starting'
      : isComplete
        ? 'running'
        : 'restoring'
  const stores = followed.map(({ store }) => store)
  return describeIngest(partitions, stores, stats, { state, warnings, replica })
}
