// What is counted of offsets that bring no row: records that were read before, and holes.
import type { RecordBatch } from '../../../src/kafka/record-batch.ts'
import type { IngestCounters } from '../../ingest/progress.ts'
import { placeOf, type LogPartition } from './partition.ts'

/**
 * Counts records below the position, once per run: a batch is fetched again whole after a schema
 * was waited for, and its rows that this run has applied are no duplicates.
 */
export function countDuplicates(
  counters: Pick<IngestCounters, 'rows' | 'duplicate'>,
  log: Pick<LogPartition, 'countedTo'>,
  records: number,
  lastOffset: number,
): void {
  if (lastOffset < log.countedTo) return
  counters.rows += records
  counters.duplicate += records
  log.countedTo = lastOffset + 1
}

/**
 * Counts offsets that are missing in a batch, and between `next` and the batch, once per run. A
 * producer leaves none: only compaction does.
 */
export function countHoles(
  log: Pick<LogPartition, 'holes' | 'searchedTo'>,
  { baseOffset, lastOffset, records, control }: RecordBatch,
  next: number,
): void {
  if (baseOffset < next || baseOffset < log.searchedTo) return
  log.holes += baseOffset - next
  if (!control) log.holes += lastOffset - baseOffset + 1 - records
  log.searchedTo = lastOffset + 1
}

/** Kafka keeps the last record per key only: rows of a subscriber are lost before they are read. */
export const compactedAt = (log: LogPartition): string =>
  `${placeOf(log)}: the topic is compacted: ${log.holes} offsets or more are missing between its ` +
  'records, and their rows are in no result; set cleanup.policy=delete for a topic of sessions'
