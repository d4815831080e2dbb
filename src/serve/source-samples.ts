// Which rows came from files and which from Kafka: one process may read a history, then a topic.
import type { IngestCounters, IngestProgress } from '../../consumers/progress.ts'
import { NO_COUNTERS, refusedRows, sample, type Sample } from './samples.ts'

/** What is counted by source; all of it only grows. */
interface SourceCounts {
  applied: number
  duplicate: number
  refused: number
  consumedBytes: number
}

export interface SourceSplit {
  /** Looks at every message once, in order. */
  note(progress: IngestProgress): void
  samples(progress: IngestProgress | null): Sample[]
}

const countsOf = (counters: IngestCounters): SourceCounts => ({
  applied: counters.applied,
  duplicate: counters.duplicate,
  refused: refusedRows(counters),
  consumedBytes: counters.consumedBytes,
})

const NONE = countsOf(NO_COUNTERS)

/**
 * A split of nothing yet. Counters of ingest go on from files to the topic: what stands in them when
 * the consumer begins was the files'.
 */
export function createSourceSplit(): SourceSplit {
  let files = NONE
  let consuming = false
  return {
    note({ counters, consumer }) {
      if (consumer === null) files = countsOf(counters)
      else if (!consuming && files !== NONE) files = countsOf(counters)
      consuming = consumer !== null
    },
    samples(progress) {
      const { totalRows, counters } = progress ?? { totalRows: 0, counters: NO_COUNTERS }
      const read = totalRows === 0 ? 0 : counters.rows / totalRows
      return [
        ...samplesOf('parquet', files),
        ...samplesOf('kafka', consuming ? less(countsOf(counters), files) : NONE),
        sample('replay_rows_total', files.applied, { outcome: 'applied' }),
        sample('replay_rows_total', files.duplicate, { outcome: 'duplicate' }),
        sample('replay_rows_total', files.refused, { outcome: 'refused' }),
        sample('replay_progress_ratio', !consuming ? read : files === NONE ? 0 : 1),
      ]
    },
  }
}

const samplesOf = (source: 'kafka' | 'parquet', counts: SourceCounts): Sample[] => [
  sample('records_total', counts.applied, { source, outcome: 'applied' }),
  sample('records_total', counts.duplicate, { source, outcome: 'duplicate' }),
  sample('records_total', counts.refused, { source, outcome: 'refused' }),
  sample('consumed_bytes_total', counts.consumedBytes, { source }),
]

const less = (all: SourceCounts, part: SourceCounts): SourceCounts => ({
  applied: all.applied - part.applied,
  duplicate: all.duplicate - part.duplicate,
  refused: all.refused - part.refused,
  consumedBytes: all.consumedBytes - part.consumedBytes,
})
