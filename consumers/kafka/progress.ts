// Describes a consumer and each partition it reads, as the rest of the process sees them.
import type { PartitionProgress, ConsumerProgress, IngestProgress } from '../ingest/progress.ts'
import { unitsOf } from '../../src/record/source-units.ts'
import { describeIngest } from '../ingest/describe.ts'
import { createIngestStats, type CommitOptions } from '../ingest/ingest-stats.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { statesOf } from './commit.ts'
import { isMember } from './group/membership.ts'
import { offsetKey } from './group/offsets.ts'
import { isSettled } from './log/assigned.ts'
import { idleReason } from './log/idle.ts'
import { lagRecords, logsOf, stopOf, type LogPartition } from './log/partition.ts'
import { partitionerNote } from './log/routing.ts'
import { isCaughtUp, pausedBy, type PartitionReader, type ReadTopic } from './reader.ts'

/** Returns the present progress of the live phase. */
export function describeConsumer(reader: PartitionReader): IngestProgress {
  const { stats, stores, topics, warnings } = reader
  // The topics stay in their order.
  const logs = logsOf(topics).sort((a, b) => a.number - b.number)
  const lag = logs.reduce((total, log) => total + (lagRecords(log) || 0), 0)
  const partitions = statesOf(logs)
  return describeIngest(partitions, [...stores.values()], stats, {
    // Until the group has assigned partitions, and all of them are loaded.
    state: isSettled(reader) ? 'running' : 'restoring',
    totalRows: stats.counters.rows + lag,
    restoreSeconds: reader.restoreSeconds,
    sources: topics.flatMap(({ topic: name, logReader }) => {
      const { unit } = logReader.messages.options.units
      return unit === null ? [] : [{ name, ...unitsOf(unit) }]
    }),
    consumer: describeReader(reader, logs),
    warnings: warnings.waiting,
  })
}

/** Returns the progress of a consumer that has not opened its state. */
export function describeStart(options: CommitOptions, warnings: Warnings): IngestProgress {
  const stats = createIngestStats({ missingMsisdnZero: false }, options, 1)
  return describeIngest([], [], stats, { state: 'starting', warnings: warnings.waiting })
}

function describeReader(reader: PartitionReader, logs: readonly LogPartition[]): ConsumerProgress {
  const { group, warnings, deadLetters, topics, pause } = reader
  const sum = (of: (topic: ReadTopic) => number): number =>
    topics.reduce((total, topic) => total + of(topic), 0)
  const nowMs = Date.now()
  return {
    topics: topics.map(({ topic, numbers, logReader: { messages } }) => ({
      topic,
      partitions: numbers,
      partitioner: partitionerNote(messages.routing),
      misrouted: messages.routing.misrouted,
    })),
    topicPartitions: Math.max(...topics.map(({ numbers }) => numbers[numbers.length - 1])),
    threads: 1,
    group: group.options.groupId,
    instance: group.options.instanceId,
    member: isMember(group),
    assigned: [...(group.assigned ?? [])].sort((a, b) => a - b),
    idle: idleReason(reader),
    partitions: logs.map((log) => describePartition(reader, log, nowMs)),
    paused: pausedBy(reader),
    rebalances: group.rebalances,
    errors: warnings.counts,
    gapsPassed: {
      gaps: sum(({ passed }) => passed.gaps),
      records: sum(({ passed }) => passed.records),
    },
    otherTypes: sum(({ logReader }) => logReader.messages.otherTypes),
    changelog: reader.changelog?.progress() ?? null,
    deadLetters:
      deadLetters === null
        ? null
        : {
            topic: deadLetters.options.deadLetterTopic,
            sent: deadLetters.sent,
            failures: deadLetters.failures,
            pending: deadLetters.pending,
          },
    backpressureSeconds: pause.seconds,
    caughtUp: isCaughtUp(reader),
  }
}

function describePartition(
  { group }: PartitionReader,
  log: LogPartition,
  nowMs: number,
): PartitionProgress {
  const { topic, number, position, stableOffset, durableOffset, lastTimestampMs, waitingFor } = log
  const lag = lagRecords(log)
  const isKnown = !Number.isNaN(lag)
  const waits = waitingFor === null ? null : `waits for schema ${waitingFor} of the registry`
  const lastMs = lastTimestampMs > 0 ? lastTimestampMs : null
  return {
    topic,
    partition: number,
    firstOffset: position.first,
    notRetained: position.notRetained,
    compacted: log.holes,
    endOffset: isKnown ? stableOffset : null,
    appliedOffset: position.next,
    durableOffset,
    committedOffset: group.offsets.committed.get(offsetKey(log)) ?? null,
    lagRecords: isKnown ? lag : null,
    lagSeconds: lag === 0 ? 0 : lastMs === null ? null : Math.max(0, nowMs - lastMs) / 1000,
    lastAppliedMs: lastMs,
    stopped: stopOf(log) ?? waits,
    gap: log.gap !== null,
    denied: log.denied !== null,
  }
}
