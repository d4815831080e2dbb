// Grows a state with the topics that it reads: new partitions begin empty.
import { missingPartition, requireSame, requireStamp, type StateStores } from './writer.ts'
import { hasCommit } from './partition.ts'
import type { Growth, Stamp } from './partition-metadata.ts'
import { readStoredStamp, writeStamp } from './stamp.ts'
import { openPartition, partitionDirectory, type PartitionStore } from './store.ts'
import { writeDurably } from './transaction.ts'
import { namingErrors } from './write-error.ts'

/** A topic whose number of partitions is another than before. */
export interface GrownTopic {
  topic: string
  before: number
  now: number
}

/** How the topics of a state have grown since it was made; null for not at all. */
export const readGrowth = ({ stores: [first] }: Pick<StateStores, 'stores'>): Growth | null =>
  stampOf(first).growth ?? null

/** The numbers of partitions that a topic has had, in order; one that has not grown has one. */
export const numbersOf = (growth: Growth | null, topic: string, now: number): readonly number[] =>
  growth?.topics[topic] ?? [now]

/**
 * Gives an open state as many partitions as its largest topic has. The first partition is stamped
 * last: until then a start finds the former number, and grows the state again.
 *
 * @param topics the number of partitions of each topic
 * @returns the topics that have grown
 * @throws PulseError `state-options` for a topic with fewer partitions than before, `state-corrupt`
 *   for a new partition with rows, what the store throws
 */
export function growState(
  state: StateStores,
  topics: ReadonlyMap<string, number>,
): readonly GrownTopic[] {
  const { directory, stores } = state
  const before = stampOf(stores[0])
  const grown = grownTopics(directory, before, topics)
  const growth = growthWith(before, topics)
  if (growth === null) return grown
  const partitions = Math.max(before.partitions, ...topics.values())
  const stamp: Stamp = { ...before, partitions, growth }
  namingErrors(directory, () => {
    while (stores.length < partitions) stores.push(openNew(state, stores.length))
    for (const store of stores.toReversed()) {
      writeDurably(store, () => writeStamp(store.meta.database, stamp))
      store.stamp = stamp
    }
  })
  return grown
}

/** The stamp of an open partition, as it is now. */
function stampOf({ meta, checks, directory }: PartitionStore): Stamp {
  const stamp = readStoredStamp(meta.database, checks.path)
  if (stamp === null) throw missingPartition(directory)
  return stamp
}

/** The number of partitions that a topic had; a topic that came to a grown state is a new one. */
const formerOf = ({ growth, partitions }: Stamp, topic: string): number =>
  growth?.topics[topic]?.at(-1) ?? partitions

function grownTopics(
  directory: string,
  stamp: Stamp,
  topics: ReadonlyMap<string, number>,
): GrownTopic[] {
  const all = [...topics].map(([topic, now]) => ({ topic, before: formerOf(stamp, topic), now }))
  const fewer = all.find(({ before, now }) => now < before)
  if (fewer !== undefined) {
    const { before, now } = fewer
    requireSame(directory, { partitions: before }, { partitions: now })
  }
  return all.filter(({ topic, before, now }) => now > before && !isNew(stamp, topic))
}

const isNew = ({ growth }: Stamp, topic: string): boolean =>
  growth !== undefined && !(topic in growth.topics)

/** The growth with the present numbers; null when they are those of the stamp. */
function growthWith(stamp: Stamp, topics: ReadonlyMap<string, number>): Growth | null {
  const { growth, partitions } = stamp
  if (growth === undefined && [...topics.values()].every((now) => now === partitions)) return null
  const present: Record<string, readonly number[]> = { ...growth?.topics }
  let isChanged = false
  for (const [topic, now] of topics) {
    const known = present[topic] ?? (isNew(stamp, topic) ? [] : [partitions])
    const isKnown = known.at(-1) === now
    present[topic] = isKnown ? known : [...known, now]
    isChanged ||= !isKnown
  }
  return isChanged ? { madeWith: growth?.madeWith ?? partitions, topics: present } : null
}

/** A growth that was interrupted may have made it. */
function openNew({ directory, stores: [first] }: StateStores, partition: number): PartitionStore {
  const store = openPartition(directory, partition, 'write')
  requireStamp(directory, store)
  store.requireLock = first.requireLock
  // It was not in the state: its rows are of another one.
  if (hasCommit(store)) throw missingPartition(partitionDirectory(directory, 0))
  return store
}
