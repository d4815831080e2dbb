// The partitions of this member: loaded and released until those read are those assigned.
//
// Partitions are loaded one after another, with a turn of the event loop between them: heartbeats
// go out, and the partitions that are loaded are read meanwhile.
import { assert, messageOf, PulseError } from '../../../src/errors.ts'
import {
  BROKER_RETRY,
  createBackoff,
  resetBackoff,
  waitToRetry,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import { sourceOf } from '../../../src/kafka/topic.ts'
import type { Changelog } from '../../changelog/client.ts'
import { loadPartition, type Partition } from '../../../state/partition.ts'
import { setHeld, writePosition, type PartitionStore } from '../../../state/store.ts'
import { commitLogs, type CommitContext } from '../commit.ts'
import { closeOutbox, openOutbox } from '../outbox.ts'
import { ownPart, threadOf, type ReadingThreads } from '../group/division.ts'
import { fail } from '../topic-watch.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import { createLogPartition, logsOf, type LogPartition } from './partition.ts'
import { checkCommitted, findStart, reportStart } from './start.ts'
import type { PartitionStart, StartContext } from './start.ts'

/** A topic of which partitions are assigned. */
interface AssignedTopic extends StartContext {
  logs: Map<number, LogPartition>
}

/**
 * What is read, and what has to change for it to be what is assigned; part of a partition reader.
 */
export interface AssignedPartitions extends CommitContext {
  /** All that are read: a partition of the state takes the same partition of each of them. */
  topics: readonly AssignedTopic[]
  warnings: Warnings
  /** An error found outside the reader's loop; the loop throws it. Null for none. */
  failure: { error: unknown } | null
  /** The partitions of the state that this thread may read, by number. */
  stores: ReadonlyMap<number, PartitionStore>
  /** Null without a changelog. */
  changelog: Changelog | null
  /** Partitions that are in memory already and not read yet, by number. */
  loaded: Map<number, Partition>
  /** The assignment that was last carried out completely; null before the first. */
  settled: readonly number[] | null
  /** The change under way; null for none. */
  settling: Promise<void> | null
  /** The threads that read the other partitions; null for a reader of all. */
  threads: ReadingThreads | null
  /** Seconds that loading took; null before the first partition. */
  restoreSeconds: number | null
  /** Of the requests that a load needs. */
  backoff: Backoff
  /** Aborted to change nothing more. */
  closing: AbortController
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
  reader.settling = settle(reader)
    .catch((error: unknown) => fail(reader, error))
    .finally(() => (reader.settling = null))
}

/** Carries out the assignment, also when it changes meanwhile. */
async function settle(reader: AssignedPartitions): Promise<void> {
  const { topics, closing, stats } = reader
  while (!closing.signal.aborted) {
    const assigned = wantedBy(reader) ?? []
    const wanted = new Set(assigned)
    releaseOthers(reader, wanted)
    const stale = topics.map(staleOf).find((log) => log !== undefined)
    const surplus = stale ?? logsOf(topics).find(({ number }) => !wanted.has(number))
    const missing = assigned.find((number) => topics.some(({ logs }) => !logs.has(number)))
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

/** Why this member reads nothing, as a sentence; null for one with partitions. */
export function idleReason({ group, topics, threads }: AssignedPartitions): string | null {
  if (group.assigned === null || group.assigned.length > 0) return null
  if (threads !== null && threads.index > 0) return null
  const names = topics.map(({ topic }) => `"${topic}"`).join(', ')
  return (
    `no partition is assigned to this member: other members read all ${topics[0].view.partitions} of ` +
    `${names}, and a partition moves only while its log still has everything; idle until one ` +
    'is free'
  )
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

async function takeOver(reader: AssignedPartitions, number: number): Promise<void> {
  const { topics, warnings, closing, backoff, deadLetters } = reader
  const store = storeOf(reader, number)
  const opened: Opened[] = []
  let state: Partition
  try {
    state = reader.loaded.get(number) ?? load(reader, number) ?? (await take(reader, number))
    for (const topic of topics) opened.push(await open(topic, number, state))
  } catch (error) {
    if (error instanceof PulseError) throw error
    warnings.error('metadata', messageOf(error))
    await waitToRetry(backoff, closing.signal)
    return
  }
  resetBackoff(backoff)
  if (closing.signal.aborted) return
  for (const { topic, log, start } of opened) {
    const { source, position, gap } = log
    const begins = !state.positions.has(source)
    state.positions.set(source, position)
    // Written now: a member that stops before the first row starts here again, not at another end.
    if (begins && gap === null) writePosition(store, source, position)
    if (begins) reportStart(topic, start)
    else void checkCommitted(topic, number, position)
    topic.logs.set(number, log)
  }
  reader.loaded.delete(number)
  setHeld(store, true)
  state.outbox = deadLetters !== null
  if (deadLetters !== null) openOutbox(deadLetters, state)
}

function storeOf({ stores }: AssignedPartitions, number: number): PartitionStore {
  const found = stores.get(number)
  if (found === undefined) throw new Error(`partition ${number} is not of this thread`)
  return found
}

/** What a partition has on this disk. */
function load(reader: AssignedPartitions, number: number): Partition | null {
  if (reader.changelog !== null) return null
  const start = reader.stats.clock.now()
  return loaded(reader, loadPartition(storeOf(reader, number)), start)
}

/** What a partition has on this disk or in the changelog. */
async function take(reader: AssignedPartitions, number: number): Promise<Partition> {
  const { changelog, stats } = reader
  assert(changelog !== null, 'without a changelog a partition is loaded at once')
  const start = stats.clock.now()
  return loaded(reader, await changelog.take(storeOf(reader, number)), start)
}

function loaded(reader: AssignedPartitions, state: Partition, start: number): Partition {
  const { clock } = reader.stats
  reader.restoreSeconds = (reader.restoreSeconds ?? 0) + (clock.now() - start) / 1000
  reader.loaded.set(state.store.partition, state)
  return state
}

/** A partition of a topic that is about to be read. */
interface Opened {
  topic: AssignedTopic
  log: LogPartition
  start: PartitionStart
}

/** Opens a partition of a topic at its position; asks the cluster where to start if it has none. */
async function open(topic: AssignedTopic, number: number, state: Partition): Promise<Opened> {
  const source = sourceOf(topic.view)
  const start = await findStart(topic, number, state)
  if (sourceOf(topic.view) !== source) throw new Error(`${topic.topic} was recreated meanwhile`)
  const retries = createBackoff(BROKER_RETRY, topic.clock)
  const log = createLogPartition(topic.topic, number, state, source, start.position, retries)
  if (start.stops) log.gap = start.gap
  return { topic, log, start }
}
