// The records of a topic that readers of committed records see.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createAbortedTransactions,
  endTransaction,
  isAborted,
} from '../kafka/aborted-transactions.ts'
import { authorizationError } from '../kafka/authorization.ts'
import type { Broker, KafkaConnection } from '../kafka/client.ts'
import { PulseError } from '../errors.ts'
import { createFetcher, type FetchedPartition, type Fetcher } from '../kafka/fetch.ts'
import {
  checkBatch,
  nextRecord,
  openRecords,
  readBatch,
  type RecordCursor,
} from '../kafka/record-batch.ts'
import { withAdmin, type Topic } from './topic.ts'

const EARLIEST = -2n
const LATEST = -1n
/** Clocks of producers and brokers differ by less, where brokers set the time of records. */
const CLOCKS_MS = 5000
const MAX_BYTES = 16 * 2 ** 20
const MAX_WAIT_MS = 100
/** Records behind an open transaction are waited for. */
const WAIT_MS = 100

/** Counts the records of each range of offsets that readers of committed records can see. */
export async function countVisible(
  connection: KafkaConnection,
  topic: Topic,
  ranges: readonly Range[],
): Promise<number[]> {
  const { leaders, starts } = await describeLogs(connection, topic, 0)
  const fetcher = createFetcher(connection)
  const counts: number[] = []
  try {
    for (const { partition: p, from, to } of ranges) {
      // What is deleted was visible before.
      const first = Math.min(to, Math.max(from, starts[p]))
      let count = first - from
      await readPartition(fetcher, leaders[p], topic, p, first, to, ({ offset }) => {
        if (offset < to) count++
      })
      counts.push(count)
    }
  } finally {
    await fetcher.close()
  }
  return counts
}

/** Offsets of a partition; `to` is exclusive. */
export interface Range {
  partition: number
  from: number
  to: number
}

/** Leader, first offset, first offset since a time, and end of each partition. */
export function describeLogs(connection: KafkaConnection, topic: Topic, sinceMs: number) {
  return withAdmin(connection, async (admin) => {
    const metadata = await admin.metadata({ topics: [topic.name], forceUpdate: true })
    const found = metadata.topics.get(topic.name)
    const offsets = async (timestamp: bigint): Promise<number[]> => {
      const partitions = Array.from({ length: topic.partitions }, (_, p) => ({
        partitionIndex: p,
        timestamp,
      }))
      const [listed] = await admin.listOffsets({ topics: [{ name: topic.name, partitions }] })
      const by = new Map(listed.partitions.map((l) => [l.partitionIndex, Number(l.offset)]))
      return partitions.map(({ partitionIndex }) => by.get(partitionIndex) ?? 0)
    }
    const leaders = found?.partitions.map(({ leader }) => metadata.brokers.get(leader)) ?? []
    const starts = await offsets(EARLIEST)
    const to = await offsets(LATEST)
    if (sinceMs === 0) return { leaders, starts, from: starts, to }
    const since = await offsets(BigInt(Math.max(0, sinceMs - CLOCKS_MS)))
    // -1 for a partition without a record since then.
    const from = since.map((offset, p) => (offset < 0 ? to[p] : offset))
    return { leaders, starts, from, to }
  })
}

/**
 * Reads the records of a partition from an offset to an end; `onRecord` gets a cursor at each.
 *
 * @throws PulseError `kafka` when it cannot be read
 */
export async function readPartition(
  fetcher: Fetcher,
  broker: Broker | undefined,
  { name, id: topicId }: Topic,
  partition: number,
  from: number,
  to: number,
  onRecord: (cursor: RecordCursor) => void,
): Promise<void> {
  const fail = (what: string): PulseError =>
    new PulseError('kafka', `partition ${partition} cannot be read for rows already sent: ${what}`)
  if (broker === undefined) throw fail('it has no leader; check the brokers')
  const limits = { maxBytes: MAX_BYTES, maxPartitionBytes: MAX_BYTES, maxWaitMs: MAX_WAIT_MS }
  for (let offset = from; offset < to;) {
    const positions = [{ partition, offset, lastEpoch: -1 }]
    const answer = await fetcher.fetch(broker, { topicId, positions, ...limits })
    const fetched = answer.partitions.at(0)
    const code = answer.errorCode === 0 ? (fetched?.errorCode ?? 0) : answer.errorCode
    const denied = authorizationError(code, [{ resource: 'Topic', name, operation: 'READ' }])
    if (denied !== null) throw denied
    if (code !== 0) throw fail(`the broker answers error ${code}; run the command again`)
    if (fetched === undefined) continue
    const next = readRecords(fetched, offset, onRecord, fail)
    // What an open transaction holds, and what follows it, is read when the transaction has ended.
    if (next === offset) await sleep(WAIT_MS)
    offset = next
  }
}

/** Reads the batches of an answer; returns the offset after the last one. */
function readRecords(
  { records, aborted }: FetchedPartition,
  from: number,
  onRecord: (cursor: RecordCursor) => void,
  fail: (what: string) => PulseError,
): number {
  let next = from
  const transactions = createAbortedTransactions(aborted)
  for (let at = 0; ;) {
    const batch = readBatch(records, at, records.length)
    if (batch === null) return next
    const fault = checkBatch(records, batch)
    if (fault !== null) throw fail(`${fault} at offset ${batch.baseOffset}`)
    at = batch.to
    next = Math.max(next, batch.lastOffset + 1)
    if (batch.control) endTransaction(transactions, records, batch)
    if (batch.control || isAborted(transactions, batch)) continue
    const cursor = openRecords(records, batch)
    if (typeof cursor === 'string') throw fail(`${cursor} at offset ${batch.baseOffset}`)
    while (nextRecord(cursor) === 1) if (cursor.offset >= from) onRecord(cursor)
  }
}
