// Topics that gain partitions: the state grows with them, and then the group assigns the new ones.
import { growState, numbersOf, readGrowth, type GrownTopic } from '../../state/growth.ts'
import type { Growth } from '../../state/partition-metadata.ts'
import { readCutover, type PartitionStore } from '../../state/store.ts'
import { requireSame, type StateStores } from '../../state/writer.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { joinGroup, type Group } from './group/membership.ts'
import type { LogReader } from './log/reader.ts'
import { growRouting } from './log/routing.ts'
import { positionsOf } from './reconciliation.ts'
import { fail, refreshWhenDue, type TopicWatch } from './topic-watch.ts'

/** Grows the state to the numbers of partitions of its topics. */
export type GrowState = (topics: ReadonlyMap<string, number>) => GrownState

/** A state that was grown, if a topic has grown. */
export interface GrownState {
  grown: readonly GrownTopic[]
  growth: Growth | null
  /** All partitions of the state. */
  stores: readonly PartitionStore[]
}

/** A topic that may grow; part of a topic that is read. */
interface GrowingTopic extends TopicWatch {
  /** The numbers of partitions that it has had; the state has the last one. */
  numbers: readonly number[]
  logReader: LogReader
}

/** Other ingest threads that get their part of new partitions. */
export interface GrowingThreads {
  /** Resolves when all of them have opened it. @throws what ended one of them */
  grow(partitions: number, growth: Growth | null): Promise<void>
}

/** What grows; part of a partition reader. */
export interface GrowingReader {
  topics: readonly GrowingTopic[]
  /** The partitions of the state that this thread may read, by number. */
  stores: Map<number, PartitionStore>
  group: Group
  warnings: Warnings
  failure: { error: unknown } | null
  /** The assignment that was last carried out completely; null for none. */
  settled: readonly number[] | null
  /** Null in a thread that is not the first. */
  grow: GrowState | null
  /** The growth under way; null for none. */
  growing: Promise<void> | null
  /** Null without other threads. */
  leads: GrowingThreads | null
  /** Aborted to change nothing more. */
  closing: AbortController
}

/** Partitions that the state lacks were assigned by a member that has seen the topic grow. */
const UNKNOWN_REFRESH_MS = 500

/**
 * Grows an open state.
 *
 * @throws PulseError `state-options` for a topic with fewer partitions than before, and for a state
 *   of files without a cut-over, which are divided over all of its partitions; as `growState`
 */
export function growTo(state: StateStores, topics: ReadonlyMap<string, number>): GrownState {
  const { directory, stores } = state
  const most = Math.max(...topics.values())
  const hasFiles = stores.some((store) =>
    [...positionsOf(store)].some(([, { kind, next }]) => kind === 'file' && next > 0),
  )
  if (most > stores.length && hasFiles && readCutover(stores[0]) === null) {
    requireSame(directory, { partitions: stores.length }, { partitions: most })
  }
  const grown = growState(state, topics)
  return { grown, growth: readGrowth(state), stores }
}

/** A topic that has grown, as a sentence. */
export const grownText = ({ topic, before, now }: GrownTopic): string =>
  `the topic "${topic}" has grown from ${before} to ${now} partitions: the new ones are read from ` +
  'their beginning, and a subscriber whose key has moved to another one is summed over both'

/** Starts to grow the state when a topic has more partitions than the state took. */
export function growWhenDue(reader: GrowingReader): void {
  const { topics, stores, group, grow, growing } = reader
  if (grow === null || growing !== null) return
  if (group.assigned?.some((partition) => !stores.has(partition)) === true) {
    for (const topic of topics) refreshWhenDue(topic, UNKNOWN_REFRESH_MS)
  }
  if (topics.every(({ view, numbers }) => view.partitions === numbers.at(-1))) return
  reader.growing = growNow(reader, grow)
    .catch((error: unknown) => fail(reader, error))
    .finally(() => (reader.growing = null))
}

async function growNow(reader: GrowingReader, grow: GrowState): Promise<void> {
  const { topics, stores, leads, warnings, group } = reader
  const found = grow(new Map(topics.map(({ topic, view }) => [topic, view.partitions])))
  for (const store of found.stores) stores.set(store.partition, store)
  takeGrowth(topics, found.growth)
  for (const topic of found.grown) warnings.warn(grownText(topic))
  await leads?.grow(found.stores.length, found.growth)
  if (reader.closing.signal.aborted) return
  // The same assignment may mean more partitions of a topic.
  reader.settled = null
  joinGroup(group)
}

/** Reads topics with the numbers of partitions that the state has taken. */
export function takeGrowth(topics: readonly GrowingTopic[], growth: Growth | null): void {
  for (const topic of topics) {
    const before = topic.numbers.at(-1)
    topic.numbers = numbersOf(growth, topic.topic, topic.view.partitions)
    if (topic.numbers.at(-1) !== before) {
      growRouting(topic.logReader.messages.routing, topic.numbers)
    }
  }
}
