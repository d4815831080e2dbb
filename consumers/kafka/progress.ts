// What a consumer tells the rest of the process of itself and of each partition it reads.
import type { Partition } from '../../state/partition.ts'
import { storeBytes, type PartitionStore } from '../../state/store.ts'
import type { Consumption } from './reader.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Group } from './group/membership.ts'
import { lagRecords, type LogPartition } from './log/partition.ts'
import type { Warnings } from '../ingest/warnings.ts'
import type { MessageBatch } from './log/message-batch.ts'
import type { ConsumerProgress, IngestProgress, PartitionProgress } from '../ingest/progress.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'

interface Told {
  stores: readonly PartitionStore[]
  group: Group
  batch: MessageBatch
  stats: IngestStats
  deadLetters: DeadLetters | null
  warnings: Warnings
  consumption: Consumption
}

interface Known {
  topic: string
  topicPartitions: number
  groupId: string
  instanceId: string
  deadLetterTopic: string | null
}

/** Everything a consumer says at this moment. */
export function consumerProgress(told: Told, known: Known): IngestProgress {
  const { stats, consumption, warnings, batch, stores } = told
  stats.update()
  const logs = [...consumption.logs.values()].sort((a, b) => a.number - b.number)
  const sum = (of: (partition: Partition) => number): number =>
    logs.reduce((total, { state }) => total + of(state), 0)
  const { rows } = stats.counters
  const lag = logs.reduce((total, log) => total + (lagRecords(log) || 0), 0)
  const sources =
    batch.unit === null
      ? []
      : [
          {
            name: known.topic,
            durationUnit: batch.unit.durationUnit,
            evidence: batch.unit.evidence,
          },
        ]
  return {
    // Until the group has said what is to be read, and all of that is loaded.
    state: consumption.isSettled() ? 'running' : 'restoring',
    counters: stats.counters,
    observations: stats.observations,
    totalRows: rows + lag,
    subscribers: sum(({ table }) => table.count),
    dirtySubscribers: sum(({ table }) => table.dirtyCount),
    lastDurableMs: stats.lastDurableMs,
    restoreSeconds: consumption.restoreSeconds(),
    eventTimeMs: null,
    sources,
    store: storeBytes(stores),
    done: false,
    consumer: describeConsumer(told, known, logs),
    history: null,
    reconciliation: null,
    warnings: warnings.waiting,
  }
}

function describeConsumer(
  { group, consumption, warnings, batch, deadLetters }: Told,
  known: Known,
  logs: readonly LogPartition[],
): ConsumerProgress {
  const now = Date.now()
  return {
    topic: known.topic,
    topicPartitions: known.topicPartitions,
    group: known.groupId,
    instance: known.instanceId,
    member: group.isMember(),
    assigned: [...consumption.assigned()].sort((a, b) => a - b),
    partitions: logs.map((log) => describePartition(log, group, now)),
    paused: consumption.pausedBy(),
    rebalances: group.rebalances(),
    errors: warnings.counts,
    gapsPassed: consumption.passed,
    deadLetters:
      deadLetters === null || known.deadLetterTopic === null
        ? null
        : {
            topic: known.deadLetterTopic,
            sent: deadLetters.sent,
            failures: deadLetters.failures(),
            pending: deadLetters.pending(),
          },
    misrouted: batch.misrouted,
    backpressureSeconds: consumption.pausedSeconds(),
    caughtUp: consumption.isCaughtUp(),
  }
}

function describePartition(log: LogPartition, group: Group, nowMs: number): PartitionProgress {
  const { number, position, stableOffset, durableOffset, lastTimestampMs, gap, waitingFor } = log
  const lag = lagRecords(log)
  const known = !Number.isNaN(lag)
  const waits = waitingFor === null ? null : `waits for schema ${waitingFor} of the registry`
  const last = lastTimestampMs > 0 ? lastTimestampMs : null
  return {
    partition: number,
    endOffset: known ? stableOffset : null,
    appliedOffset: position.next,
    durableOffset,
    committedOffset: group.committed.get(number) ?? null,
    lagRecords: known ? lag : null,
    lagSeconds: lag === 0 ? 0 : last === null ? null : Math.max(0, nowMs - last) / 1000,
    lastAppliedMs: last,
    stopped: gap?.message ?? waits,
    gap: gap !== null,
  }
}
