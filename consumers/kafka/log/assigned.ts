// The partitions of this member: loaded and released until those read are those assigned.
//
// Partitions are loaded one after another, with a turn of the event loop between them: heartbeats
// go out, and the partitions that are loaded are read meanwhile.
import { performance } from 'node:perf_hooks'
import { setImmediate as breathe } from 'node:timers/promises'
import { messageOf, PulseError } from '../../../src/errors.ts'
import { resetBackoff, waitToRetry, type Backoff } from '../../../src/kafka/retry.ts'
import { sourceOf } from '../../../src/kafka/topic.ts'
import { loadPartition, type Partition } from '../../../state/partition.ts'
import { setHeld, writePosition, type PartitionStore } from '../../../state/store.ts'
import { commitLogs, type CommitContext } from '../commit.ts'
import { closeOutbox, openOutbox } from '../outbox.ts'
import { fail } from '../topic-watch.ts'
import { createLogPartition, type LogPartition } from './partition.ts'
import { checkCommitted, findStart, reportStart, type StartContext } from './start.ts'

/**
 * What is read, and what has to change for it to be what is assigned; part of a partition reader.
 */
export interface AssignedPartitions extends StartContext, CommitContext {
  /** All partitions of the state, by number. */
  stores: readonly PartitionStore[]
  /** Partitions that are in memory already and not read yet, by number. */
  loaded: Map<number, Partition>
  /** The assignment that was last carried out completely; null before the first. */
  settled: readonly number[] | null
  /** The change under way; null for none. */
  settling: Promise<void> | null
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
  reader.settled === reader.group.assigned &&
  reader.settling === null &&
  !hasStale(reader)

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
  const { logs, group, closing } = reader
  while (!closing.signal.aborted) {
    const assigned = group.assigned ?? []
    const wanted = new Set(assigned)
    releaseOthers(reader, wanted)
    const surplus = [...logs.values()].find(
      (log) => !wanted.has(log.number) || isStale(reader, log),
    )
    const missing = assigned.find((number) => !logs.has(number))
    if (surplus !== undefined) giveBack(reader, surplus, wanted)
    else if (missing !== undefined) await takeOver(reader, missing)
    else {
      reader.settled = assigned
      const idle = idleReason(reader)
      if (idle !== null) reader.warnings.warn(idle)
      return
    }
    await breathe()
  }
}

/** Why this member reads nothing, as a sentence; null for one with partitions. */
export function idleReason({ group, topic, view }: AssignedPartitions): string | null {
  if (group.assigned === null || group.assigned.length > 0) return null
  return (
    `no partition is assigned to this member: other members read all ${view.partitions} of ` +
    `"${topic}", and a partition moves only while its log still has everything; idle until one ` +
    'is free'
  )
}

/** True for a partition of a topic that was recreated meanwhile. */
const isStale = ({ view }: AssignedPartitions, { source }: LogPartition): boolean =>
  source !== sourceOf(view)

const hasStale = (reader: AssignedPartitions): boolean =>
  [...reader.logs.values()].some((log) => isStale(reader, log))

/** Partitions that an earlier run or the history left here are another member's to show now. */
function releaseOthers(
  { stores, logs, loaded }: AssignedPartitions,
  wanted: ReadonlySet<number>,
): void {
  for (const store of stores) {
    if (wanted.has(store.partition) || logs.has(store.partition)) continue
    loaded.delete(store.partition)
    setHeld(store, false)
  }
}

/** Commits, then stops reading a partition; one of a recreated topic is kept to be opened anew. */
function giveBack(
  reader: AssignedPartitions,
  log: LogPartition,
  wanted: ReadonlySet<number>,
): void {
  commitLogs(reader)
  reader.logs.delete(log.number)
  if (wanted.has(log.number)) reader.loaded.set(log.number, log.state)
  else setHeld(reader.stores[log.number], false)
  if (reader.deadLetters !== null) closeOutbox(reader.deadLetters, log)
}

async function takeOver(reader: AssignedPartitions, number: number): Promise<void> {
  const { loaded, stores, warnings, closing, backoff, deadLetters } = reader
  const state = loaded.get(number) ?? load(reader, number)
  let log: LogPartition
  try {
    log = await open(reader, number, state)
  } catch (error) {
    if (error instanceof PulseError) throw error
    warnings.error('metadata', messageOf(error))
    await waitToRetry(backoff, closing.signal)
    return
  }
  resetBackoff(backoff)
  if (closing.signal.aborted) return
  const { source, position, gap } = log
  const begins = !state.positions.has(source)
  state.positions.set(source, position)
  // Written now: a member that stops before the first row starts here again, not at another end.
  if (begins && gap === null) writePosition(stores[number], source, position)
  loaded.delete(number)
  setHeld(stores[number], true)
  reader.logs.set(number, log)
  state.outbox = deadLetters !== null
  if (deadLetters !== null) openOutbox(deadLetters, log)
}

function load(reader: AssignedPartitions, number: number): Partition {
  const start = performance.now()
  const state = loadPartition(reader.stores[number])
  reader.restoreSeconds = (reader.restoreSeconds ?? 0) + (performance.now() - start) / 1000
  reader.loaded.set(number, state)
  return state
}

/** Opens a partition at its position; asks the cluster where to start if it has none. */
async function open(
  reader: AssignedPartitions,
  number: number,
  state: Partition,
): Promise<LogPartition> {
  const source = sourceOf(reader.view)
  const isKnown = state.positions.has(source)
  const start = await findStart(reader, number, state)
  if (sourceOf(reader.view) !== source) throw new Error(`${reader.topic} was recreated meanwhile`)
  const log = createLogPartition(number, state, source, start.position)
  if (start.stops) log.gap = start.gap
  if (isKnown) void checkCommitted(reader, number, start.position.next)
  else reportStart(reader, start)
  return log
}
