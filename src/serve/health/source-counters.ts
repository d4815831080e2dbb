// Counters of ingest by source: a process may read a history of files, then a topic; pure.
import { addCounters } from '../../../consumers/ingest/progress.ts'
import type { IngestCounters, IngestProgress } from '../../../consumers/ingest/progress.ts'

/** Where rows come from, as metrics label it. */
export type Source = 'parquet' | 'kafka'

/** Counters before the first message. */
const NO_COUNTERS: IngestCounters = {
  rows: 0,
  applied: 0,
  duplicate: 0,
  excluded: 0,
  rejected: {},
  coerced: {},
  missing: {},
  applicationBytes: [],
  durationMs: 0,
  commits: 0,
  consumedBytes: 0,
}

/** Rejected rows, over all reasons. */
export function rejectedRows(counters: IngestCounters): number {
  return Object.values(counters.rejected).reduce((sum, rows) => sum + rows, 0)
}

/** Counters of each source. A consumer counts its topic, and its history of files separately. */
export function countersBySource(progress: IngestProgress | null): Record<Source, IngestCounters> {
  if (progress === null) return { parquet: NO_COUNTERS, kafka: NO_COUNTERS }
  const { counters, consumer, history } = progress
  if (consumer === null) return { parquet: counters, kafka: NO_COUNTERS }
  return { parquet: history ?? NO_COUNTERS, kafka: counters }
}

/** Sum over both sources, so that no counter goes back when a history ends. */
export function allCounters(progress: IngestProgress | null): IngestCounters {
  const { parquet: a, kafka: b } = countersBySource(progress)
  return addCounters(a, b)
}
