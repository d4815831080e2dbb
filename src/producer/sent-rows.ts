// The rows of sources that a topic holds, found by reading it.
//
// Every record identifies its row (`xdr-source`, `xdr-row`). A producer that finds no committed
// progress of a source reads all records once and marks each row found in one bit; it then skips the
// marked rows. So it continues after the committed offset has expired, and what a former version sent.
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
import { ROW_HEADER, SOURCE_HEADER } from '../kafka/headers.ts'
import {
  checkBatch,
  nextRecord,
  openRecords,
  readBatch,
  type RecordCursor,
} from '../kafka/record-batch.ts'
import type { Source } from './progress.ts'
import { withAdmin, type Topic } from './topic.ts'

/** What a topic holds of some sources. */
export interface SentRows {
  /** One bit per row, by index of the source. */
  marks: Uint8Array[]
  /** Marked rows, by index of the source. */
  rows: number[]
  /** Number of records read. */
  records: number
  /** First offset of each partition's log: what was before it is deleted. */
  starts: number[]
}

const EARLIEST = -2n
const LATEST = -1n
const MAX_BYTES = 16 * 2 ** 20
const MAX_WAIT_MS = 100
/** Records behind an open transaction are waited for. */
const WAIT_MS = 100

/**
 * Reads a topic from start to end and marks the rows of some sources.
 *
 * @param onRead receives the number of records read so far and in total, at the start and every
 *   65,536 records
 * @throws PulseError `kafka` when a partition cannot be read
 */
export async function findSent(
  connection: KafkaConnection,
  topic: Topic,
  sources: readonly Source[],
  onRead: (records: number, ofRecords: number) => void,
): Promise<SentRows> {
  const places = new Map(
    sources.flatMap(({ id, formerId }, place) => [
      [id, place] as const,
      [formerId, place] as const,
    ]),
  )
  const marks = sources.map(({ rows }) => new Uint8Array(Math.ceil(rows / 8)))
  const { leaders, from, to } = await describeLogs(connection, topic)
  const sent: SentRows = { marks, rows: sources.map(() => 0), records: 0, starts: from }
  const total = to.reduce((sum, end, p) => sum + end - from[p], 0)
  onRead(0, total)
  if (total === 0) return sent
  const fetcher = createFetcher(connection)
  try {
    for (let p = 0; p < topic.partitions; p++) {
      await readPartition(fetcher, leaders[p], topic, p, from[p], to[p], (cursor) => {
        markRow(cursor, places, sources, sent)
        if (sent.records % 65_536 === 0) onRead(sent.records, total)
      })
    }
  } finally {
    await fetcher.close()
  }
  return sent
}

/** Leader, first offset and end of each partition. */
function describeLogs(connection: KafkaConnection, topic: Topic) {
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
    return { leaders, from: await offsets(EARLIEST), to: await offsets(LATEST) }
  })
}

async function readPartition(
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

/** Marks the row that a record identifies, if it belongs to one of these sources. */
function markRow(
  cursor: RecordCursor,
  places: ReadonlyMap<string, number>,
  sources: readonly Source[],
  sent: SentRows,
): void {
  sent.records++
  const headers = headersOf(cursor)
  const place = places.get(headers.get(SOURCE_HEADER) ?? '')
  const row = Number(headers.get(ROW_HEADER) ?? NaN)
  if (place === undefined || !(row >= 0 && row < sources[place].rows)) return
  const mark = 1 << (row & 7)
  if ((sent.marks[place][row >> 3] & mark) !== 0) return
  sent.marks[place][row >> 3] |= mark
  sent.rows[place]++
}

/** The headers of the record that the cursor read last. */
function headersOf({ bytes, valueTo, at: end }: RecordCursor): Map<string, string> {
  const headers = new Map<string, string>()
  const place = { at: valueTo }
  const text = (): string => {
    const size = varint(bytes, place, end)
    const from = place.at
    place.at = Math.min(end, from + Math.max(0, size))
    return bytes.toString('latin1', from, place.at)
  }
  for (let left = varint(bytes, place, end); left > 0 && place.at < end; left--) {
    headers.set(text(), text())
  }
  return headers
}

/** Reads a zigzag varint of up to 5 bytes. */
function varint(bytes: Uint8Array, place: { at: number }, end: number): number {
  let value = 0
  for (let shift = 0; shift < 35 && place.at < end; shift += 7) {
    const byte = bytes[place.at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
