// One progress of all ingest threads of a member.
import { addByName } from '../../../src/record/add-by-name.ts'
import { addCounters } from '../../ingest/progress.ts'
import type { ConsumerProgress, IngestProgress, PartitionProgress } from '../../ingest/progress.ts'
import { longestSilence, type Threads } from './threads.ts'

/**
 * The progress of a member: that of its first thread with those of the others. Measurements and
 * sentences of the others are in it already.
 */
export function withOthers(own: IngestProgress, threads: Threads): IngestProgress {
  const reports = threads.others.flatMap(({ reported }) => (reported === null ? [] : [reported]))
  const all = [own, ...reports.map(({ progress }) => progress)]
  const isSettled =
    threads.sent === null ||
    threads.others.every(({ reported }) => {
      return reported?.version === threads.sent?.version && reported?.settled === true
    })
  const sum = (of: (progress: IngestProgress) => number): number =>
    all.reduce((total, progress) => total + of(progress), 0)
  return {
    ...own,
    state: own.state === 'running' && !isSettled ? 'restoring' : own.state,
    counters: all.map(({ counters }) => counters).reduce(addCounters),
    totalRows: sum(({ totalRows }) => totalRows),
    subscribers: sum(({ subscribers }) => subscribers),
    dirtySubscribers: sum(({ dirtySubscribers }) => dirtySubscribers),
    lastDurableMs: largest(all.map(({ lastDurableMs }) => lastDurableMs)),
    restoreSeconds: largest(all.map(({ restoreSeconds }) => restoreSeconds)),
    consumer: all
      .map(({ consumer }) => consumer)
      .reduce((a, b) => (a === null || b === null ? (a ?? b) : addConsumer(a, b))),
    silentMs: longestSilence(threads),
  }
}

/** The largest of some numbers; null when all are null. */
function largest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

const byPartition = (a: PartitionProgress, b: PartitionProgress): number =>
  a.partition - b.partition

/** Group and assignment are those of the first thread; `b` reads other partitions. */
const addConsumer = (a: ConsumerProgress, b: ConsumerProgress): ConsumerProgress => ({
  ...a,
  topics: a.topics.map((topic, at) => {
    const other = b.topics[at]
    const known = topic.partitioner.hash === null ? other.partitioner : topic.partitioner
    return { ...topic, partitioner: known, misrouted: topic.misrouted + other.misrouted }
  }),
  threads: a.threads + b.threads,
  partitions: [...a.partitions, ...b.partitions].sort(byPartition),
  paused: a.paused ?? b.paused,
  errors: addByName(a.errors, b.errors),
  gapsPassed: {
    gaps: a.gapsPassed.gaps + b.gapsPassed.gaps,
    records: a.gapsPassed.records + b.gapsPassed.records,
  },
  otherTypes: a.otherTypes + b.otherTypes,
  changelog: addChangelogs(a.changelog, b.changelog),
  deadLetters:
    a.deadLetters === null || b.deadLetters === null
      ? a.deadLetters
      : {
          topic: a.deadLetters.topic,
          sent: addByName(a.deadLetters.sent, b.deadLetters.sent),
          failures: a.deadLetters.failures + b.deadLetters.failures,
          pending: a.deadLetters.pending + b.deadLetters.pending,
        },
  backpressureSeconds: Math.max(a.backpressureSeconds, b.backpressureSeconds),
  caughtUp: a.caughtUp && b.caughtUp,
})

type Changelog = ConsumerProgress['changelog']

/** `b` publishes other partitions. */
function addChangelogs(a: Changelog, b: Changelog): Changelog {
  if (a === null || b === null) return a ?? b
  const { prefix, partitions, restores, ...sums } = a
  const added = Object.entries(sums) as [keyof typeof sums, number][]
  return {
    prefix,
    partitions: [...partitions, ...b.partitions].sort((x, y) => x.partition - y.partition),
    restores: {
      new: restores.new + b.restores.new,
      local: restores.local + b.restores.local,
      changelog: restores.changelog + b.restores.changelog,
    },
    ...(Object.fromEntries(added.map(([name, sum]) => [name, sum + b[name]])) as typeof sums),
  }
}
