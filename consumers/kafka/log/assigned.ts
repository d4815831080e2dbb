// The partitions of this member: loaded and released until those read are those assigned.
//
// Partitions are loaded one after another, with a turn of the event loop between them: heartbeats
// go out, and the partitions that are loaded are read meanwhile.
import { sourceOf } from '../../../src/kafka/topic.ts'
import { setHeld } from '../../../state/store.ts'
import type { Changelog } from '../../changelog/client.ts'
import { commitLogs } from '../commit.ts'
import { ownPart, threadOf, type ReadingThreads } from '../group/division.ts'
import { closeOutbox } from '../outbox.ts'
import { fail } from '../topic-watch.ts'
import { idleReason } from './idle.ts'
import { logsOf, type LogPartition } from './partition.ts'
import { isMissing, storeOf, takeOver, type AssignedTopic, type TakingReader } from './taking.ts'

/**
 * What is read, and what has to change for it to be what is assigned; part of a partition reader.
 */
export interface AssignedPartitions extends TakingReader {
  /** An error found outside the reader's loop; the loop throws it. Null for none. */
  failure: { error: unknown } | null
  /** The assignment that was last carried out completely; null before the first. */
  settled: readonly number[] | null
  /** The change under way; null for none. */
  settling: Promise<void> | null
  /** The threads that read the other partitions; null for a reader of all. */
  threads: ReadingThreads | null
}

/** True when what is read is what is assigned. */
export const isSettled = (reader: AssignedPartitions): boolean =>
  reader.group.assigned !== null &&
  reader.settled === wantedBy(reader) &&
  reader.settling === null &&
  reader.topics.every((topic) => staleOf(topic) === undefined)

/** What is assigned to this thread; the same array until the assignment changes. */
const wantedBy = ({ group, threads }: AssignedPartitions): readonly number[] | null =>
  threads === null ? group.assigned : ownPart(threads, group.assigned)

/** Starts to carry out the present assignment, unless that is done or under way. */
export function settleAssigned(reader: AssignedPartitions): void {
  const { group, settling } = reader
  if (group.assigned === null || settling !== null || isSettled(reader)) return
  if (!hasStores(reader, wantedBy(reader) ?? [])) return
  reader.settling = settle(reader)
    .catch((error: unknown) => fail(reader, error))
    .finally(() => (reader.settling = null))
}

/** False until the state has grown. */
const hasStores = ({ stores }: AssignedPartitions, assigned: readonly number[]): boolean =>
  assigned.every((partition) => stores.has(partition))

/** Carries out the assignment, also when it changes meanwhile. */
async function settle(reader: AssignedPartitions): Promise<void> {
  const { topics, closing, stats } = reader
  while (!closing.signal.aborted) {
    const assigned = wantedBy(reader) ?? []
    if (!hasStores(reader, assigned)) return
    const wanted = new Set(assigned)
    releaseOthers(reader, wanted)
    const stale = topics.map(staleOf).find((log) => log !== undefined)
    const surplus = stale ?? logsOf(topics).find(({ number }) => !wanted.has(number))
    const missing = assigned.find((number) => topics.some((topic) => isMissing(topic, number)))
    if (surplus !== undefined) {
      giveBack(reader, surplus, wanted)
      // Its next owner, or the next thread, continues what is published now.
      if (reader.changelog !== null) await release(reader.changelog, surplus, wanted)
    } else if (missing !== undefined) await takeOver(reader, missing)
    else {
      reader.settled = assigned
      const idle = idleReason(reader)
      if (idle !== null) reader.warnings.warn(idle)
      return
    }
    await stats.clock.breathe()
  }
}

/** A partition of a topic that was recreated meanwhile. */
const staleOf = ({ view, logs }: AssignedTopic): LogPartition | undefined =>
  [...logs.values()].find(({ source }) => source !== sourceOf(view))

/** Partitions that an earlier run or the history left here are another member's to show now. */
function releaseOthers(reader: AssignedPartitions, wanted: ReadonlySet<number>): void {
  const { stores, topics, loaded } = reader
  const read = new Set(logsOf(topics).map(({ number }) => number))
  for (const store of stores.values()) {
    const { partition } = store
    if (wanted.has(partition) || read.has(partition)) continue
    loaded.delete(partition)
    if (!isOfOtherThread(reader, partition)) setHeld(store, false)
  }
}

const isOfOtherThread = ({ threads }: AssignedPartitions, partition: number): boolean =>
  threads !== null && threads.divided && threadOf(partition, threads) > 0

/**
 * Commits, then stops reading a partition of all topics; where one of them was recreated, it is kept
 * to be opened anew.
 */
function giveBack(
  reader: AssignedPartitions,
  { number, state }: LogPartition,
  wanted: ReadonlySet<number>,
): void {
  commitLogs(reader)
  for (const { logs } of reader.topics) logs.delete(number)
  if (wanted.has(number)) reader.loaded.set(number, state)
  else if (!isOfOtherThread(reader, number)) setHeld(storeOf(reader, number), false)
  if (reader.deadLetters !== null) closeOutbox(reader.deadLetters, state)
}

async function release(
  changelog: Changelog,
  { number }: LogPartition,
  wanted: ReadonlySet<number>,
): Promise<void> {
  if (!wanted.has(number)) await changelog.release(number)
}
