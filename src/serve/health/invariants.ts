// Invariants of every message of ingest and every snapshot; pure.
//
// Invariants of the state are checked when it is opened; a violation ends the process there.
import type { IngestProgress, PartitionProgress } from '../../../consumers/ingest/progress.ts'
import type { Snapshot } from '../../snapshot/schema.ts'
import { rejectedRows } from './source-counters.ts'

/** `conservation` of rows, `order` of offsets, consistency of a `snapshot`. */
export const CHECKS = ['conservation', 'order', 'snapshot'] as const
/** One of them. */
export type Check = (typeof CHECKS)[number]

/** The invariants that a message of ingest violates. */
export function brokenByProgress({ counters, consumer }: IngestProgress): Check[] {
  const broken: Check[] = []
  const { rows, applied, duplicate, excluded } = counters
  const known = applied + duplicate + excluded + rejectedRows(counters)
  if (rows !== known) broken.push('conservation')
  // Positions go back where a log was truncated or recreated; that is counted as a gap.
  const steady = consumer !== null && consumer.gapsPassed.gaps === 0
  if (steady && consumer.partitions.some(isOutOfOrder)) broken.push('order')
  return broken
}

function isOutOfOrder(partition: PartitionProgress): boolean {
  const { appliedOffset, durableOffset, committedOffset, gap } = partition
  if (gap) return false
  return durableOffset > appliedOffset || (committedOffset ?? 0) > durableOffset
}

/** The invariants that a snapshot violates. */
export function brokenBySnapshot({ subscribers, segments, top }: Snapshot): Check[] {
  const sizes = segments.segments.reduce((sum, each) => sum + each.subscribers, 0)
  const isSorted = Object.values(top).every((list) =>
    list.every(({ value }, at) => at === 0 || list[at - 1].value >= value),
  )
  return sizes === subscribers && isSorted ? [] : ['snapshot']
}
