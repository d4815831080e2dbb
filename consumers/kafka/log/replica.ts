// From which broker a log is fetched: its leader, or the replica in the rack of this process that
// the leader names (KIP-392).
//
// Only the leader decides on gaps and truncation: an error of a replica sends the log back to it.
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { TopicView } from '../../../src/kafka/topic.ts'

/** What replaces the leader of a log for a time. */
export interface Replica {
  /** Node id; null after an error of a replica: the leader is read, and names none. */
  node: number | null
  /** `performance.now()`: then the leader is asked again. */
  until: number
}

/** As long as clients keep metadata by default (metadata.max.age.ms): replicas fall behind. */
const FOLLOW_MS = 300_000
/** A leader names a replica that fails until it notices itself. */
const AVOID_MS = 10_000

/** The part of a log that decides where it is fetched from. */
interface FollowedLog {
  number: number
  replica: Replica | null
  endOffset: number
  stableOffset: number
}

const present = ({ replica }: FollowedLog, now: number): Replica | null =>
  replica === null || replica.until <= now ? null : replica

/** The node that a log is fetched from; -1 while there is none. */
export function nodeOf({ leaders, brokers }: TopicView, log: FollowedLog, now: number): number {
  const node = present(log, now)?.node ?? null
  return node !== null && brokers.has(node) ? node : leaders[log.number]
}

/** True when the leader must not name a replica of this log. */
export const readsLeader = (log: FollowedLog, now: number): boolean =>
  present(log, now)?.node === null

/**
 * Notes the replica that a leader names, and leaves one that answers with an error.
 *
 * @param node the broker that answered
 * @returns what is to be read; null for an answer that only the leader may give
 */
export function follow(
  { leaders }: TopicView,
  log: FollowedLog,
  node: number,
  fetched: FetchedPartition,
  now: number,
): FetchedPartition | null {
  const { errorCode, divergingOffset, preferredReplica, endOffset, stableOffset } = fetched
  if (leaders[log.number] === node) {
    if (preferredReplica >= 0) log.replica = { node: preferredReplica, until: now + FOLLOW_MS }
    return fetched
  }
  if (errorCode !== 0 || divergingOffset >= 0) {
    avoid(log, node, now)
    return null
  }
  // The leader may have reported a later end: rows up to it are not read yet.
  return {
    ...fetched,
    endOffset: Math.max(endOffset, log.endOffset),
    stableOffset: Math.max(stableOffset, log.stableOffset),
  }
}

/** Leaves a replica that cannot be used; the leader is read instead. */
export function avoid(log: FollowedLog, node: number, now: number): void {
  if (log.replica?.node === node) log.replica = { node: null, until: now + AVOID_MS }
}
