// Follows the changelog of one partition into a partition of a replica, checkpoint by checkpoint.
import { PulseError } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { Fetcher } from '../../src/kafka/fetch.ts'
import type { RecordCursor } from '../../src/kafka/record-batch.ts'
import { sumRecords } from '../../src/subscriber/aggregate.ts'
import { CHUNK_MASK } from '../../src/subscriber/table.ts'
import type { CommitTimes } from '../../state/commit.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import {
  commitCheckpoint,
  readReplicaPosition,
  writeReplicaPosition,
  type ReplicaPosition,
} from '../../state/replica.ts'
import { readFacts, withoutOutbox, type Facts } from '../../state/facts.ts'
import { beginRead, type PartitionStore } from '../../state/store.ts'
import { readOnce, type LogPlace } from './log.ts'
import { MARKER_KEY, parseMarker, type Marker } from './marker.ts'
import { readRows } from './read-rows.ts'
import { readCheckpoint, restorePartition } from './restore.ts'
import type { ChangelogTopics } from './topics.ts'

/** A partition of a replica. */
export interface Followed {
  store: PartitionStore
  /** Null before its first checkpoint. */
  partition: Partition | null
  position: ReplicaPosition | null
  /** The marker that it has; null before the first, and after a start. */
  marker: Marker | null
  facts: Facts
  /** End of the log of the state, as it was last read. */
  atEnd: boolean
}

/** What following needs. */
export interface FollowContext {
  connection: KafkaConnection
  fetcher: Fetcher
  topics: ChangelogTopics
}

const DAY_MS = 86_400_000
/** Tombstones are kept so long (`delete.retention.ms`): an older replica could miss some. */
const OLDEST_MS = 6 * DAY_MS

const identityOf = ({ engagement, state }: ChangelogTopics): string =>
  `${engagement.id} ${state.id}`

/**
 * Opens a partition of a replica as this disk has it; a partition that is too old, or of another
 * changelog, begins anew with its next checkpoint.
 */
export function openFollowed(
  store: PartitionStore,
  topics: ChangelogTopics,
  nowMs: number,
): Followed {
  const position = readReplicaPosition(store)
  const isUsable = position?.topics === identityOf(topics) && nowMs - position.atMs < OLDEST_MS
  if (!isUsable) {
    return { store, partition: null, position: null, marker: null, facts: new Map(), atEnd: false }
  }
  const { transaction, finish } = beginRead(store)
  const facts = readFacts(store, transaction)
  finish()
  return { store, partition: loadPartition(store), position, marker: null, facts, atEnd: false }
}

/** What one step has done. */
export interface Step {
  /** The checkpoint that was applied, and the one before it; null for none. */
  applied: { marker: Marker; before: Marker | null; times: CommitTimes } | null
  bytes: number
}

/**
 * Reads once, and applies the newest checkpoint that is complete; durable on return.
 *
 * @throws PulseError `kafka` for a changelog that does not have what its marker counts, other errors
 *   for brokers that cannot be asked now
 */
export async function followOnce(context: FollowContext, followed: Followed): Promise<Step> {
  if (followed.partition === null) return begin(context, followed)
  const { topics, fetcher } = context
  const position = followed.position as ReplicaPosition
  const place: LogPlace = {
    ...{ topic: topics.state, partition: followed.store.partition, offset: position.stateOffset },
  }
  const facts: Facts = new Map(followed.facts)
  const found: Newest[] = []
  let bytes = 0
  const collect = (cursor: RecordCursor): boolean => {
    const { bytes: of, keyFrom, keyTo, valueFrom, valueTo, offset } = cursor
    const key = of.toString('utf8', keyFrom, keyTo)
    if (valueFrom < 0) facts.delete(key)
    else if (key !== MARKER_KEY) facts.set(key, of.toString('utf8', valueFrom, valueTo))
    else {
      const marker = parseMarker(of.toString('utf8', valueFrom, valueTo))
      found[0] = { marker, facts: new Map(facts), stateOffset: offset + 1 }
    }
    return true
  }
  // After a start it is read to its end: of a compacted log only the newest checkpoint is complete.
  do {
    const read = await readOnce(fetcher, place, collect)
    bytes += read.bytes
    followed.atEnd = read.atEnd
  } while (!followed.atEnd && followed.marker === null)
  const newest = found.at(0)
  return newest === undefined
    ? { applied: null, bytes }
    : applyNewest(context, followed, newest, bytes)
}

/** The newest checkpoint that was read, and where the topic of the state continues. */
interface Newest {
  marker: Marker
  facts: Facts
  stateOffset: number
}

async function applyNewest(
  { topics, fetcher }: FollowContext,
  followed: Followed,
  { marker, facts, stateOffset }: Newest,
  bytes: number,
): Promise<Step> {
  const partition = followed.partition as Partition
  const position = followed.position as ReplicaPosition
  const { partition: number } = followed.store
  const place: LogPlace = {
    ...{ topic: topics.engagement, partition: number, offset: position.engagementOffset },
  }
  const rows = await readRows(fetcher, place, marker, partition.table)
  requireRecords(topics, partition, marker)
  const next = positionOf(topics, marker, stateOffset)
  const times = commitCheckpoint(partition, facts, next)
  const before = followed.marker
  Object.assign(followed, { position: next, marker, facts })
  return { applied: { marker, before, times }, bytes: bytes + rows }
}

const positionOf = (
  topics: ChangelogTopics,
  { number, member, atMs, withinMs, engagementEnd }: Marker,
  stateOffset: number,
): ReplicaPosition => ({
  ...{ topics: identityOf(topics), stateOffset, engagementOffset: engagementEnd },
  ...{ number, member, atMs, withinMs },
})

/** The number of records of all subscribers shows rows that are missing or old. */
function requireRecords(
  { engagement }: ChangelogTopics,
  { store, table }: Partition,
  marker: Marker,
) {
  let records = 0
  for (let slot = 0; slot < table.count; slot += CHUNK_MASK + 1) {
    records += sumRecords(
      table.chunks[slot / (CHUNK_MASK + 1)],
      Math.min(CHUNK_MASK + 1, table.count - slot),
    )
  }
  const { subscribers, columns } = marker.sums
  if (table.count === subscribers && String(records) === columns[0]) return
  throw new PulseError(
    'kafka',
    `partition ${store.partition} of "${engagement.name}": ${table.count} subscribers with ${records} ` +
      `records, expected ${subscribers} with ${columns[0]} as checkpoint ${marker.number} counts; ` +
      'the changelog has lost records: start the replica with an empty directory',
  )
}

/** The first checkpoint of a partition replaces what its directory had. */
async function begin(
  { connection, topics, fetcher }: FollowContext,
  followed: Followed,
): Promise<Step> {
  const { store } = followed
  const found = await readCheckpoint(fetcher, topics, store.partition)
  followed.atEnd = true
  if (found === null) return { applied: null, bytes: 0 }
  const { marker, facts, stateEnd } = found
  const own = { ...found, facts: withoutOutbox(facts) }
  const { partition, bytes, times } = await restorePartition(connection, topics, store, own)
  const position = positionOf(topics, marker, stateEnd)
  writeReplicaPosition(store, position)
  Object.assign(followed, { partition, position, marker, facts })
  return { applied: { marker, before: null, times }, bytes }
}
