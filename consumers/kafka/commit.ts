// The commit of what was read of a topic, and who is told that it is durable.
import type { Partition } from '../../state/partition.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Group } from './group/membership.ts'
import type { LogPartition } from './log/partition.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'

export interface CommitParts {
  stats: IngestStats
  deadLetters: DeadLetters | null
  group: Group
}

/** Commits what changed; then Kafka and the dead letters are told what is durable. */
export function commitLogs(
  logs: readonly LogPartition[],
  { stats, deadLetters, group }: CommitParts,
): void {
  deadLetters?.beforeCommit(logs)
  stats.commit(statesOf(logs))
  deadLetters?.afterCommit()
  const now = Date.now()
  // Also of a partition just taken: what Kafka knows may be another member's, or too little.
  const untold = logs.filter(
    ({ number, position, gap }) => gap === null && position.next !== group.committed.get(number),
  )
  for (const log of logs) {
    for (const at of log.undurableMs) {
      stats.observations.visibleLatencySeconds.push(Math.max(0, now - at) / 1000)
    }
    log.undurableMs.length = 0
    log.durableOffset = log.position.next
  }
  group.commit(
    untold.map(({ number, position: { next, leaderEpoch } }) => {
      return { partition: number, offset: next, leaderEpoch }
    }),
  )
}

/** The states of some logs. */
export function* statesOf(logs: Iterable<LogPartition>): Iterable<Partition> {
  for (const { state } of logs) yield state
}
