// Reads what was fetched of a partition's log, batch by batch, and applies it to the state.
//
// The position moves to the end of what was read: past the last record that was added, and past a
// batch once all of it was read, because markers and compaction leave offsets without a record.
import { performance } from 'node:perf_hooks'
import {
  createAbortedTransactions,
  endTransaction,
  isAborted,
  type AbortedTransactions,
} from '../../../src/kafka/aborted-transactions.ts'
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import {
  checkBatch,
  nextRecord,
  openRecords,
  readBatch,
  type BatchFault,
  type RecordBatch,
} from '../../../src/kafka/record-batch.ts'
import { createRoom, emptyRoom, type Room } from '../../../src/kafka/unpack/room.ts'
import { addToBatch, applyBatch, isFull, isLooking, type MessageBatch } from './message-batch.ts'
import { countDuplicates, countHoles } from './offset-counts.ts'
import { placeOf, readFrom, type Gap, type LogPartition } from './partition.ts'

/**
 * Bytes decompressed per response. Beyond this the rest is fetched again, after a commit if one is
 * due: a response of 4 MiB may otherwise become gigabytes, kept as long as its rows are rejected.
 */
const MAX_UNPACKED_BYTES = 256 * 2 ** 20
/** Rows of the message batch keep alive the buffers that they were decompressed into. */
const MAX_HELD_BYTES = 8 * 2 ** 20
/**
 * Time that a response is decoded for; the rest is fetched again. It takes milliseconds, unless its
 * messages were made to be slow, and this thread must answer its group, and a stop.
 */
const MAX_DECODING_MS = 2000
/** Bytes after which the time is looked at. */
const LOOK_BYTES = 2 ** 16

/** Reads all partitions of one topic, one after another. */
export interface LogReader {
  messages: MessageBatch
  room: Room
  /**
   * Offset after what was read; the log's position gets there when the message batch is applied.
   */
  next: number
  /** Bytes decompressed of the present response. */
  unpackedBytes: number
  /** Of these, the bytes that rows of the message batch may refer to. */
  heldBytes: number
  /** The clock (ms), and when the present response has been decoded for long enough. */
  now: () => number
  until: number
  isLate: boolean
}

/** A reader that decodes into a message batch. */
export const createLogReader = (
  messages: MessageBatch,
  now = (): number => performance.now(),
): LogReader => ({
  messages,
  room: createRoom(),
  now,
  until: Infinity,
  isLate: false,
  next: 0,
  unpackedBytes: 0,
  heldBytes: 0,
})

/**
 * Applies fetched batches from the log's position on, as far as they can be decoded now. Where a
 * schema is missing, reading stops and `log.waitingFor` names it.
 *
 * @returns the batch where reading stopped because it can never be read; null for none
 */
export function readFetched(
  reader: LogReader,
  log: LogPartition,
  { records, aborted, endOffset, stableOffset, logStartOffset }: FetchedPartition,
): Gap | null {
  log.endOffset = endOffset
  log.stableOffset = stableOffset
  log.logStart = logStartOffset
  if (!isLooking(reader.messages)) reader.messages.stats.counters.consumedBytes += records.length
  reader.next = readFrom(log)
  reader.unpackedBytes = reader.heldBytes = 0
  reader.until = reader.now() + MAX_DECODING_MS
  reader.isLate = false
  const transactions = createAbortedTransactions(aborted)
  for (let at = 0; ;) {
    const batch = readBatch(records, at, records.length)
    if (batch === null) break
    at = batch.to
    const fault = readOne(reader, log, records, batch, transactions)
    if (fault !== null) {
      applyRead(reader, log)
      // Rows before it are not applied yet: it is met again.
      return log.peek === null ? unreadable(log, batch, fault) : null
    }
    if (log.waitingFor !== null || log.gap !== null || isEnough(reader)) break
  }
  applyRead(reader, log)
  return null
}

/** Whether the rest of the response is to be fetched again. */
const isEnough = ({ unpackedBytes, isLate, now, until }: LogReader): boolean =>
  unpackedBytes > MAX_UNPACKED_BYTES || isLate || now() > until

function applyRead(reader: LogReader, log: LogPartition): void {
  applyBatch(reader.messages, log, reader.next)
  reader.heldBytes = 0
  emptyRoom(reader.room)
  // A broker reads the ends of a log before its records, and both grow meanwhile.
  log.endOffset = Math.max(log.endOffset, reader.next)
  log.stableOffset = Math.max(log.stableOffset, reader.next)
}

function readOne(
  reader: LogReader,
  log: LogPartition,
  bytes: Buffer,
  batch: RecordBatch,
  transactions: AbortedTransactions,
): BatchFault | null {
  const fault = checkBatch(bytes, batch)
  if (fault !== null) return fault
  if (batch.lastOffset < reader.next) {
    countDuplicates(reader.messages.stats.counters, log, batch.records, batch.lastOffset)
    return null
  }
  countHoles(log, batch, reader.next)
  if (batch.control) endTransaction(transactions, bytes, batch)
  else if (!isAborted(transactions, batch)) {
    const recordFault = readRecords(reader, log, bytes, batch)
    if (recordFault !== null || log.waitingFor !== null || reader.isLate) return recordFault
  }
  reader.next = batch.lastOffset + 1
  if (log.peek === null) log.position.leaderEpoch = batch.leaderEpoch
  return null
}

function readRecords(
  reader: LogReader,
  log: LogPartition,
  bytes: Buffer,
  batch: RecordBatch,
): BatchFault | null {
  const { messages } = reader
  if (reader.heldBytes > MAX_HELD_BYTES) applyRead(reader, log)
  const cursor = openRecords(bytes, batch, reader.room)
  if (typeof cursor === 'string') return cursor
  if (batch.codec !== 0) {
    reader.unpackedBytes += cursor.bytes.length
    reader.heldBytes += cursor.bytes.length
  }
  if (!isLooking(messages)) log.undurableMs.push(cursor.baseTimestampMs)
  let looked = cursor.at
  for (;;) {
    const found = nextRecord(cursor)
    if (found === 0) return null
    if (found < 0) return 'a record that does not fit into its batch'
    if (cursor.offset < reader.next) {
      countDuplicates(messages.stats.counters, log, 1, cursor.offset)
      continue
    }
    if (isFull(messages)) applyBatch(messages, log, reader.next)
    if (!addToBatch(messages, cursor)) {
      log.waitingFor = messages.options.format.wanted()
      return null
    }
    reader.next = cursor.offset + 1
    log.countedTo = reader.next
    if (cursor.at - looked < LOOK_BYTES) continue
    looked = cursor.at
    reader.isLate = reader.now() > reader.until
    if (reader.isLate) return null
  }
}

function unreadable(
  log: LogPartition,
  { baseOffset, lastOffset }: RecordBatch,
  fault: BatchFault,
): Gap {
  const from = Math.max(baseOffset, log.position.next)
  const to = lastOffset + 1
  const message =
    `${placeOf(log)}: the batch at offset ${baseOffset} has ${fault}; offsets ${from} to ` +
    `${lastOffset} (${to - from}) cannot be read`
  return { kind: 'unreadable', from, to, message }
}
