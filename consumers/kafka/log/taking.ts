// Takes over a partition: loads or restores it, and opens it in every topic at its position.
import { assert, messageOf, PulseError } from '../../../src/errors.ts'
import {
  BROKER_RETRY,
  createBackoff,
  resetBackoff,
  waitToRetry,
  type Backoff,
} from '../../../src/kafka/retry.ts'
import { sourceOf } from '../../../src/kafka/topic.ts'
import { loadPartition, type Partition } from '../../../state/partition.ts'
import { setHeld, writePosition, type PartitionStore } from '../../../state/store.ts'
import type { Changelog } from '../../changelog/client.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import type { CommitContext } from '../commit.ts'
import { openOutbox } from '../outbox.ts'
import { checkCommitted } from './committed.ts'
import { createLogPartition, logsOf, type LogPartition } from './partition.ts'
import { findStart, reportStart } from './start.ts'
import type { PartitionStart, StartContext } from './start.ts'

/** A topic of which partitions are assigned. */
export interface AssignedTopic extends StartContext {
  logs: Map<number, LogPartition>
}

/** What takes over partitions; part of a partition reader. */
export interface TakingReader extends CommitContext {
  /** All that are read: a partition of the state takes the same partition of each of them. */
  topics: readonly AssignedTopic[]
  warnings: Warnings
  /** The partitions of the state that this thread may read, by number. */
  stores: Map<number, PartitionStore>
  /** Null without a changelog. */
  changelog: Changelog | null
  /** Partitions that are in memory already and not read yet, by number. */
  loaded: Map<number, Partition>
  /** Seconds that loading took; null before the first partition. */
  restoreSeconds: number | null
  /** Of the requests that a load needs. */
  backoff: Backoff
  /** Aborted to change nothing more. */
  closing: AbortController
}

/** A partition that the topic has, and that is not read. */
export const isMissing = ({ numbers, logs }: AssignedTopic, number: number): boolean =>
  number < numbers[numbers.length - 1] && !logs.has(number)

/** Takes over a partition; a passing error of the cluster is reported, and nothing has changed then. */
export async function takeOver(reader: TakingReader, number: number): Promise<void> {
  const { topics, warnings, closing, backoff, deadLetters } = reader
  const store = storeOf(reader, number)
  // Topics may grow one after another.
  const read = logsOf(topics).find((log) => log.number === number)?.state
  const opened: Opened[] = []
  // An error of the store is not a passing one.
  let state = read ?? reader.loaded.get(number) ?? load(reader, store)
  try {
    if (read === undefined && !reader.loaded.has(number)) state = await take(reader, state)
    for (const topic of topics) {
      if (isMissing(topic, number)) opened.push(await open(topic, number, state))
    }
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
  if (read !== undefined) return
  reader.loaded.delete(number)
  setHeld(store, true)
  state.outbox = deadLetters !== null
  if (deadLetters !== null) openOutbox(deadLetters, state)
}

/** The store of a partition of this thread. */
export function storeOf({ stores }: TakingReader, number: number): PartitionStore {
  const found = stores.get(number)
  if (found === undefined) throw new Error(`partition ${number} is not of this thread`)
  return found
}

/** What a partition has on this disk; without a changelog it is all that it has. */
function load(reader: TakingReader, store: PartitionStore): Partition {
  const start = reader.stats.clock.now()
  const state = loadPartition(store)
  return reader.changelog === null ? loaded(reader, state, start) : state
}

/** What a partition has on this disk or in the changelog. */
async function take(reader: TakingReader, local: Partition): Promise<Partition> {
  const { changelog, stats } = reader
  assert(changelog !== null, 'without a changelog a partition is loaded at once')
  const start = stats.clock.now()
  const count = Math.max(...reader.topics.map(({ view }) => view.partitions))
  return loaded(reader, await changelog.take(local, count), start)
}

function loaded(reader: TakingReader, state: Partition, start: number): Partition {
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
