// The commit of what was read of a topic, and who is told that it is durable.
import type { Partition } from '../../state/partition.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Group } from './group/membership.ts'
import type { LogPartition } from './log/partition.ts'
import type { Tally } from '../ingest/ingest-stats.ts'

export interface CommitParts {
  tally: Tally
  deadLetters: DeadLetters | null
  group: Group
}

/** Commits what changed; then Kafka and the dead letters are told what is durable. */
export function commitLogs(
  logs: readonly LogPartition[],
  { tally, deadLetters, group }: CommitParts,
): void {
  deadLetters?.beforeCommit(logs)
  tally.commit(statesOf(logs))
  deadLetters?.afterCommit()
  const now = Date.now()
  // Also of a partition just taken: what Kafka knows may be another member's, or too little.
  const untold = logs.filter(
    ({ number, position, gap }) =>
      gap === null && position.position !== group.committed.get(number),
  )
  for (const log of logs) {
    for (const at of log.undurableMs) {
      tally.observations.visibleLatencySeconds.push(Math.max(0, now - at) / 1000)
    }
    log.undurableMs.length = 0
    log.durableOffset = log.position.position
  }
  group.commit(
    untold.map(({ number, position: { position, leaderEpoch } }) => {
      return { partition: number, offset: position, leaderEpoch }
    }),
  )
}

/** The states of some logs. */
export function* statesOf(logs: Iterable<LogPartition>): Iterable<Partition> {
  for (const { state } of logs) yield state
}
