// What a member claims of each partition of its state: how hard it is for another to replace it.
import { performance } from 'node:perf_hooks'
import { messageOf } from '../../../src/errors.ts'
import type { Consumer } from '../../../src/kafka/client.ts'
import { offsetAt, sourceOf, type TopicView } from '../../../src/kafka/topic.ts'
import type { SourcePosition } from '../../../state/partition-metadata.ts'
import { readPositions } from '../../../state/partition.ts'
import { beginRead, readHeld, type PartitionStore } from '../../../state/store.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import { CLAIM } from './assignment.ts'

/** By source, then by partition: first offset of the log, as it was last seen. */
export type LogStarts = Map<string, Map<number, number>>

/** Looking up where logs begin may take this long in all. */
const LOOK_UP_MS = 5000

/** A topic that a member reads. */
interface ClaimedTopic {
  view: TopicView
  logs: ReadonlyMap<number, { number: number; logStart: number }>
}

/**
 * The claims of a member, by partition.
 *
 * @param hasChangelog any member can restore a partition that this one holds
 * @param logStarts a log that is missing counts as one whose log has lost its beginning
 */
export function claimsOf(
  stores: readonly PartitionStore[],
  topics: readonly ClaimedTopic[],
  logStarts: LogStarts,
  hasChangelog: boolean,
): number[] {
  const present: LogStarts = new Map()
  for (const { view, logs } of topics) {
    const starts = startsOf(logStarts, sourceOf(view))
    for (const { number, logStart } of logs.values()) {
      if (logStart >= 0) starts.set(number, logStart)
    }
    present.set(sourceOf(view), starts)
  }
  return stores.map((store) => {
    const { transaction, finish } = beginRead(store)
    try {
      const positions = readPositions(store, transaction)
      if (positions.size === 0) return CLAIM.none
      if (!readHeld(store, transaction)) return CLAIM.kept
      if (hasChangelog) return CLAIM.held
      return claimOfHeld(positions, store.partition, present)
    } finally {
      finish()
    }
  })
}

function startsOf(logStarts: LogStarts, source: string): Map<number, number> {
  const known = logStarts.get(source) ?? new Map<number, number>()
  logStarts.set(source, known)
  return known
}

/** Only rows that are in the log, from where reading began, can be read by another member. */
function claimOfHeld(
  positions: ReadonlyMap<string, SourcePosition>,
  partition: number,
  logStarts: LogStarts,
): number {
  const all = [...positions]
  const isLost = ([id, { kind, next, first }]: (typeof all)[number]): boolean =>
    kind === 'topic' && next > first && (logStarts.get(id)?.get(partition) ?? Infinity) > first
  if (all.some(isLost)) return CLAIM.only
  return all.some(([, { kind, next }]) => kind === 'file' && next > 0) ? CLAIM.files : CLAIM.held
}

/** Looks up where the logs of a state begin; those that cannot be looked up are missing. */
export async function findLogStarts(
  consumer: Consumer,
  views: ReadonlyMap<string, TopicView>,
  stores: readonly PartitionStore[],
  warnings: Warnings,
): Promise<LogStarts> {
  const found: LogStarts = new Map()
  const until = performance.now() + LOOK_UP_MS
  for (const { partition, positions } of stores) {
    if (positions.getKeysCount({ limit: 1 }) === 0) continue
    for (const [topic, view] of views) {
      if (partition >= view.partitions) continue
      if (performance.now() > until) return found
      try {
        const start = await offsetAt(consumer, topic, partition, 'earliest')
        startsOf(found, sourceOf(view)).set(partition, start)
      } catch (error) {
        warnings.error('metadata', messageOf(error))
      }
    }
  }
  return found
}
