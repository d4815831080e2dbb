// The commit of what was read of a topic; then Kafka and the dead letters learn what is durable.
import type { Partition } from '../../state/partition.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import type { Group } from './group/membership.ts'
import { encodeBeginning } from './group/beginning.ts'
import { commitOffsets } from './group/offsets.ts'
import type { LogPartition } from './log/partition.ts'
import { afterCommit, beforeCommit, type DeadLetters } from './outbox.ts'

/** What a commit touches; part of a partition reader. */
export interface CommitContext {
  /** Partitions that are read here, by number. */
  logs: Map<number, LogPartition>
  stats: IngestStats
  /** Null without a dead-letter topic. */
  deadLetters: DeadLetters | null
  group: Group
  /** Cut-over of the history in the state (UTC ms); null without one. */
  cutoverMs: number | null
}

/** Commits what changed in all partitions; on return it is durable. */
export function commitLogs(context: CommitContext): void {
  const { logs: byNumber, stats, deadLetters, group, cutoverMs } = context
  const logs = [...byNumber.values()]
  if (deadLetters !== null) beforeCommit(deadLetters, logs)
  stats.commit(statesOf(logs))
  if (deadLetters !== null) afterCommit(deadLetters)
  const now = Date.now()
  for (const log of logs) {
    for (const at of log.undurableMs) {
      stats.observations.visibleLatencySeconds.push(Math.max(0, now - at) / 1000)
    }
    log.undurableMs.length = 0
    log.durableOffset = log.position.next
  }
  // Also of a partition that was just assigned: the group's offset may be that of another member.
  const behind = logs.filter(
    ({ number, position, gap }) =>
      gap === null && position.next !== group.offsets.committed.get(number),
  )
  commitOffsets(
    group.offsets,
    behind.map(({ number, source, position: { next, first, leaderEpoch } }) => {
      const metadata = encodeBeginning({ source, first, cutoverMs })
      return { partition: number, offset: next, leaderEpoch, metadata }
    }),
  )
}

/** The states of some partitions. */
export function* statesOf(logs: Iterable<LogPartition>): Iterable<Partition> {
  for (const { state } of logs) yield state
}
