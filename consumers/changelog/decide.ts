// What an assigned partition begins with: the state on this disk, or what the changelog has.
import { PulseError } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { readLineage } from '../../state/lineage.ts'
import type { Partition } from '../../state/partition.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { StateOptions } from '../../state/writer.ts'
import type { PublishedPartition } from '../ingest/changelog-progress.ts'
import type { Claimed } from './messages.ts'
import { restorePartition, type Checkpoint } from './restore.ts'

/** A partition in memory, and what is published of it. */
export interface Taken {
  state: Partition
  since: number
  known: PublishedPartition
  sentence: string
}

/**
 * The state on this disk counts if its lineage has the newest checkpoint: restored from it, or published by
 * this state at a commit that it has. A position is not a version: a state that is further may lack what
 * another member did.
 */
export async function decide(
  connection: KafkaConnection,
  state: Partition,
  identity: string,
  { topics, newest }: Claimed,
  options: StateOptions,
): Promise<Taken> {
  const { store } = state
  const subject = `partition ${store.partition}`
  if (newest === null) {
    const source = state.counters.commit === 0 ? 'new' : 'local'
    const sentence = `${subject}: the changelog has no checkpoint; it begins with the state on this disk`
    return { state, since: -1, known: knownAs(store, source), sentence }
  }
  requireSameOptions(topics.state.name, newest, options)
  const since = commitOf(state, identity, newest)
  const { number, member } = newest.marker
  if (since !== null) {
    const sentence = `${subject}: the state on this disk continues checkpoint ${number} of the changelog`
    return { state, since, known: knownAs(store, 'local'), sentence }
  }
  const restored = await restorePartition(connection, topics, store, newest)
  const { partition, subscribers, bytes, seconds } = restored
  const sentence =
    `${subject}: restored from checkpoint ${number} of ${member}: ${subscribers} subscribers, ` +
    `${bytes} bytes, ${seconds.toFixed(2)} s; rejected rows before it are kept where they were read`
  const known = {
    ...knownAs(store, 'changelog'),
    ...{ restoredSubscribers: subscribers, restoreSeconds: seconds },
  }
  return { state: partition, since: partition.counters.commit, known, sentence }
}

const knownAs = (
  { partition }: PartitionStore,
  source: PublishedPartition['source'],
): PublishedPartition => ({
  ...{ partition, source, restoredSubscribers: 0, restoreSeconds: 0 },
  ...{ checkpoint: null, publishedMs: null, trouble: null, fenced: false },
})

/** The commit of this disk that has the content of the newest checkpoint; null for none. */
function commitOf(
  { store, counters, positions }: Partition,
  identity: string,
  { marker }: Checkpoint,
): number | null {
  const isBehind = Object.entries(marker.positions).some(
    ([source, next]) => (positions.get(source)?.next ?? 0) < next,
  )
  if (isBehind) return null
  if (marker.by === identity && marker.commit <= counters.commit) return marker.commit
  const lineage = readLineage(store)
  return lineage?.by === marker.by && lineage.number === marker.number ? lineage.commit : null
}

function requireSameOptions(topic: string, { marker }: Checkpoint, options: StateOptions): void {
  for (const name of ['partitions', 'timeZone', 'missingMsisdn'] as const) {
    const [found, expected] = [marker.options[name], options[name]]
    // A topic that has gained partitions has more than its former checkpoints.
    if (name === 'partitions' && found <= expected) continue
    if (found === expected) continue
    throw new PulseError(
      'state-options',
      `the changelog in "${topic}" was made with ${name} ${marker.options[name]}, expected ` +
        `${options[name]}; use the same options, or another prefix`,
    )
  }
}
