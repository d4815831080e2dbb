// The commit of what was read; then Kafka and the dead letters learn what is durable.
import type { Partition } from '../../state/partition.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import type { Group } from './group/membership.ts'
import { encodeBeginning } from './group/beginning.ts'
import { commitOffsets, offsetKey } from './group/offsets.ts'
import { logsOf, type LogPartition } from './log/partition.ts'
import { afterCommit, beforeCommit, type DeadLetters } from './outbox.ts'

/** What a commit touches; part of a partition reader. */
export interface CommitContext {
  topics: readonly { logs: ReadonlyMap<number, LogPartition> }[]
  stats: IngestStats
  /** Null without a dead-letter topic. */
  deadLetters: DeadLetters | null
  group: Group
  /** Cut-over of the history in the state (UTC ms); null without one. */
  cutoverMs: number | null
}

/** Commits what changed in all partitions; on return it is durable. */
export function commitLogs(context: CommitContext): void {
  const { topics, stats, deadLetters, group, cutoverMs } = context
  const logs = logsOf(topics)
  const states = statesOf(logs)
  if (deadLetters !== null) beforeCommit(deadLetters, states)
  stats.commit(states)
  if (deadLetters !== null) afterCommit(deadLetters)
  const now = stats.clock.utcMs()
  for (const log of logs) {
    for (const at of log.undurableMs) {
      stats.observations.visibleLatencySeconds.push(Math.max(0, now - at) / 1000)
    }
    log.undurableMs.length = 0
    log.durableOffset = log.position.next
  }
  // Also of a partition that was just assigned: the group's offset may be that of another member.
  const behind = logs.filter(
    (log) => log.gap === null && log.position.next !== group.offsets.committed.get(offsetKey(log)),
  )
  commitOffsets(
    group.offsets,
    behind.map(({ topic, number, source, position: { next, first, leaderEpoch } }) => {
      const metadata = encodeBeginning({ source, first, cutoverMs })
      return { topic, number, offset: next, leaderEpoch, metadata }
    }),
  )
}

/** The states that some logs are read into, each once: it takes the same partition of all topics. */
export const statesOf = (logs: readonly LogPartition[]): Partition[] => [
  ...new Set(logs.map(({ state }) => state)),
]
