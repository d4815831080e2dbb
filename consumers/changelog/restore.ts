// Restores a partition from a changelog: its newest checkpoint, checked against the sums of its marker.
import { performance } from 'node:perf_hooks'
import { PulseError } from '../../src/errors.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import { createFetcher, type Fetcher } from '../../src/kafka/fetch.ts'
import type { RecordCursor } from '../../src/kafka/record-batch.ts'
import { CHUNK_BITS, CHUNK_MASK, createTable, type Table } from '../../src/subscriber/table.ts'
import type { Facts } from '../../state/facts.ts'
import type { Partition } from '../../state/partition.ts'
import type { CommitTimes } from '../../state/commit.ts'
import { replacePartition } from '../../state/replace.ts'
import type { PartitionStore } from '../../state/store.ts'
import { readRows } from './read-rows.ts'
import { readOnce, type LogPlace } from './log.ts'
import {
  addAggregates,
  createAdder,
  differenceOf,
  MARKER_KEY,
  parseMarker,
  sumsOf,
  type Marker,
} from './marker.ts'
import type { ChangelogTopics } from './topics.ts'

/** The newest checkpoint of a partition, without its aggregates. */
export interface Checkpoint {
  marker: Marker
  facts: Facts
  /** Offset in the topic of the state after the last record that was read. */
  stateEnd: number
}

/** What a restore has read. */
export interface Restored {
  partition: Partition
  times: CommitTimes
  subscribers: number
  bytes: number
  seconds: number
}

/**
 * Reads the newest checkpoint of a partition; null for a changelog without one. No producer of the
 * partition may have a transaction open.
 */
export async function readCheckpoint(
  fetcher: Fetcher,
  { state: topic }: ChangelogTopics,
  partition: number,
): Promise<Checkpoint | null> {
  const facts: Facts = new Map()
  const place: LogPlace = { topic, partition, offset: 0 }
  const collect = (cursor: RecordCursor): boolean => {
    const { bytes, keyFrom, keyTo, valueFrom, valueTo } = cursor
    const key = bytes.toString('utf8', keyFrom, keyTo)
    if (valueFrom < 0) facts.delete(key)
    else facts.set(key, bytes.toString('utf8', valueFrom, valueTo))
    return true
  }
  while (!(await readOnce(fetcher, place, collect)).atEnd);
  const text = facts.get(MARKER_KEY)
  if (text === undefined) return null
  facts.delete(MARKER_KEY)
  return { marker: parseMarker(text), facts, stateEnd: place.offset }
}

/**
 * Restores a partition from its newest checkpoint; durable on return. Other work of the thread continues
 * between responses of the brokers.
 *
 * @throws PulseError `kafka` when the changelog does not have what its marker counts
 */
export async function restorePartition(
  connection: KafkaConnection,
  topics: ChangelogTopics,
  store: PartitionStore,
  { marker, facts }: Checkpoint,
): Promise<Restored> {
  const start = performance.now()
  const { partition: number } = store
  const fetcher = createFetcher(connection)
  const table = createTable()
  let bytes = 0
  try {
    const place: LogPlace = { topic: topics.engagement, partition: number, offset: 0 }
    bytes = await readRows(fetcher, place, marker, table)
  } finally {
    await fetcher.close()
  }
  requireSums(topics, number, table, marker)
  const { number: at, by } = marker
  const { partition, times } = replacePartition(store, table, facts, { number: at, by })
  const seconds = (performance.now() - start) / 1000
  return { partition, times, subscribers: table.count, bytes, seconds }
}

function requireSums(
  { engagement }: ChangelogTopics,
  partition: number,
  table: Table,
  { number, sums }: Marker,
): void {
  const adder = createAdder()
  for (let slot = 0; slot < table.count; slot += CHUNK_MASK + 1) {
    const count = Math.min(CHUNK_MASK + 1, table.count - slot)
    addAggregates(adder, table.chunks[slot >>> CHUNK_BITS], count)
  }
  const difference = differenceOf(sumsOf(adder), sums)
  if (difference === null) return
  throw new PulseError(
    'kafka',
    `partition ${partition} of "${engagement.name}" does not have what checkpoint ${number} counts: ` +
      `${difference}; the changelog has lost records or is written by another program: use the state ` +
      'directory of a member, a backup, or another prefix to read the topic from its beginning',
  )
}
