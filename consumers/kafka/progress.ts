// Describes a consumer and each partition it reads, as the rest of the process sees them.
import type { PartitionProgress, ConsumerProgress, IngestProgress } from '../ingest/progress.ts'
import { describeIngest } from '../ingest/describe.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { isMember } from './group/membership.ts'
import { idleReason, isSettled } from './log/assigned.ts'
import { lagRecords, type LogPartition } from './log/partition.ts'
import { partitionerNote } from './log/routing.ts'
import { isCaughtUp, pausedBy, type PartitionReader } from './reader.ts'

/** Returns the present progress of the live phase. */
export function describeConsumer(reader: PartitionReader): IngestProgress {
  const { stats, stores, topic, warnings } = reader
  const logs = [...reader.logs.values()].sort((a, b) => a.number - b.number)
  const lag = logs.reduce((total, log) => total + (lagRecords(log) || 0), 0)
  const { unit } = reader.logReader.messages.options.units
  const partitions = logs.map(({ state }) => state)
  return describeIngest(partitions, stores, stats, {
    // Until the group has assigned partitions, and all of them are loaded.
    state: isSettled(reader) ? 'running' : 'restoring',
    totalRows: stats.counters.rows + lag,
    restoreSeconds: reader.restoreSeconds,
    sources: unit === null ? [] : [{ name: topic, ...noteOf(unit) }],
    consumer: describeReader(reader, logs),
    warnings: warnings.waiting,
  })
}

/** Returns the progress of a consumer that has not opened its state. */
export function describeStart(options: CommitOptions, warnings: Warnings): IngestProgress {
  const stats = createIngestStats({ missingMsisdnZero: false }, options, 1)
  return describeIngest([], [], stats, { state: 'starting', warnings: warnings.waiting })
}

type Note = Pick<IngestProgress['sources'][number], 'durationUnit' | 'evidence'>
const noteOf = ({ durationUnit, evidence }: Note): Note => ({ durationUnit, evidence })

function describeReader(reader: PartitionReader, logs: readonly LogPartition[]): ConsumerProgress {
  const { group, warnings, deadLetters, view, topic, passed, pause } = reader
  const nowMs = Date.now()
  return {
    topic,
    topicPartitions: view.partitions,
    group: group.options.groupId,
    instance: group.options.instanceId,
    member: isMember(group),
    assigned: [...(group.assigned ?? [])].sort((a, b) => a - b),
    idle: idleReason(reader),
    partitions: logs.map((log) => describePartition(reader, log, nowMs)),
    paused: pausedBy(reader),
    rebalances: group.rebalances,
    errors: warnings.counts,
    gapsPassed: passed,
    deadLetters:
      deadLetters === null
        ? null
        : {
            topic: deadLetters.options.deadLetterTopic,
            sent: deadLetters.sent,
            failures: deadLetters.failures,
            pending: deadLetters.pending,
          },
    partitioner: partitionerNote(reader.logReader.messages.routing),
    misrouted: reader.logReader.messages.routing.misrouted,
    backpressureSeconds: pause.seconds,
    caughtUp: isCaughtUp(reader),
  }
}

function describePartition(
  { group }: PartitionReader,
  log: LogPartition,
  nowMs: number,
): PartitionProgress {
  const { number, position, stableOffset, durableOffset, lastTimestampMs, gap, waitingFor } = log
  const lag = lagRecords(log)
  const isKnown = !Number.isNaN(lag)
  const waits = waitingFor === null ? null : `waits for schema ${waitingFor} of the registry`
  const lastMs = lastTimestampMs > 0 ? lastTimestampMs : null
  return {
    partition: number,
    firstOffset: position.first,
    notRetained: position.notRetained,
    compacted: log.holes,
    endOffset: isKnown ? stableOffset : null,
    appliedOffset: position.next,
    durableOffset,
    committedOffset: group.offsets.committed.get(number) ?? null,
    lagRecords: isKnown ? lag : null,
    lagSeconds: lag === 0 ? 0 : lastMs === null ? null : Math.max(0, nowMs - lastMs) / 1000,
    lastAppliedMs: lastMs,
    stopped: gap?.message ?? waits,
    gap: gap !== null,
  }
}
