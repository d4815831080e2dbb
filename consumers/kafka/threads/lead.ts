// How the first thread leads the others: it sends them the lease and their part of the assignment.
import { isSettled } from '../log/assigned.ts'
import { seenNames } from '../log/json-columns.ts'
import { isRoutingDecided } from '../log/routing.ts'
import type { DecidedTopic } from '../log/decided-topic.ts'
import type { Leading, PartitionReader, ReadTopic } from '../reader.ts'
import { threadOf } from '../group/division.ts'
import { withOthers } from './merge-progress.ts'
import { endThreads, growThreads, post, type OtherThread, type Threads } from './threads.ts'

/** Leads other threads that were started. */
export const leadingOf = (threads: Threads): Leading => ({
  grow: (partitions, growth) => growThreads(threads, partitions, growth),
  lead: (reader) => leadThreads(reader, threads),
  areCaughtUp: (reader) => areCaughtUp(reader, threads),
  stoppedBy: () => stoppedBy(threads),
  withOthers: (own) => withOthers(own, threads),
  end: (how) => endThreads(threads, how),
})

function leadThreads(reader: PartitionReader, threads: Threads): void {
  const { group, topics } = reader
  if (threads.failure !== null) throw threads.failure.error
  if (group.leaseUntil !== threads.leaseSent) {
    threads.leaseSent = group.leaseUntil
    const [forMs, atNs] = [group.leaseUntil - group.clock.now(), process.hrtime.bigint()]
    post(threads, () => ({ type: 'lease', forMs, atNs }))
  }
  if (group.assigned === null || threads.sent?.assigned === group.assigned) return
  if (!threads.divided) {
    const decided = topics.map(decisionOf).filter((one) => one !== null)
    if (decided.length < topics.length) return
    threads.decided = decided
    threads.divided = true
  }
  if (threads.sent === null && !hasGivenOthers(reader)) return
  const version = (threads.sent?.version ?? 0) + 1
  const { assigned } = group
  threads.sent = { assigned, version }
  const own = ({ index }: OtherThread): number[] =>
    assigned.filter((partition) => threadOf(partition, threads) === index)
  const { cutoverMs } = reader
  post(threads, (other) => {
    return { type: 'assign', version, partitions: own(other), topics: threads.decided, cutoverMs }
  })
}

/** The first thread reads none of the partitions of the others, and will not begin to. */
function hasGivenOthers(reader: PartitionReader): boolean {
  const hasBegun = reader.settled !== null || reader.settling !== null || reader.loaded.size > 0
  return !hasBegun || isSettled(reader)
}

/**
 * What is decided of a topic; null while something is not. Once rows are read, the partitioner is
 * waited for as well: the keys of a part of the partitions show it later.
 */
function decisionOf({ topic, view, logs, logReader }: ReadTopic): DecidedTopic | null {
  const { routing, options } = logReader.messages
  const { units, json } = options
  if (units.unit === null || units.deciding !== null || json.looking !== null) return null
  if (logs.size > 0 && !isRoutingDecided(routing)) return null
  const [columns, columnsDecided] = [seenNames(json), json.decided]
  const shown = { ...routing, misrouted: 0 }
  return { topic, view, units: units.unit, columns, columnsDecided, routing: shown }
}

function areCaughtUp({ group }: PartitionReader, { others, sent, divided }: Threads): boolean {
  if (!divided) return true
  if (sent === null || sent.assigned !== group.assigned) return false
  return others.every(({ reported }) => {
    if (reported?.version !== sent.version || !reported.settled) return false
    return reported.progress.consumer?.caughtUp === true
  })
}

function stoppedBy({ others }: Threads): string | null {
  for (const { reported } of others) {
    const consumer = reported?.progress.consumer
    const stopped = consumer?.partitions.find(({ gap, denied }) => gap || denied)?.stopped
    const reason = stopped ?? consumer?.paused
    if (reason !== undefined && reason !== null) return reason
  }
  return null
}
