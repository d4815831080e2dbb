// Reads what was fetched of a partition's log, batch by batch, and applies it to the state.
//
// A position moves to the end of what was read: behind the last record dealt with, and behind the
// last batch once it is done, because markers and compaction leave offsets without a record.
import type { FetchedPartition } from '../../../src/kafka/fetch.ts'
import type { Gap, LogPartition } from './partition.ts'
import {
  checkBatch,
  isAbortMarker,
  nextRecord,
  openRecords,
  readBatch,
} from '../../../src/kafka/record-batch.ts'
import type { BatchFault, RecordBatch } from '../../../src/kafka/record-batch.ts'
import type { MessageBatch } from './message-batch.ts'
import type { IngestStats } from '../../ingest/ingest-stats.ts'
import { createOpenTransactions, type OpenTransactions } from './aborted.ts'

export interface LogReader {
  /**
   * Reads fetched batches from the log's position on, as far as they can be decoded now: `waitingFor`
   * of the log names a schema that is not known yet.
   *
   * @returns a batch that can never be read, where reading has stopped
   */
  take(log: LogPartition, fetched: FetchedPartition): Gap | null
}

/**
 * What is unpacked in one go: beyond it the rest of an answer is fetched again, after a commit where
 * that is due. An answer of 4 MiB may else become gigabytes, kept as long as its rows are rejected.
 */
const MOST_UNPACKED_BYTES = 256 * 2 ** 20
/** Rows in hand keep alive what they were unpacked into. */
const MOST_HELD_BYTES = 32 * 2 ** 20

/** A reader of all partitions of a topic, one after another. */
export function createLogReader(messages: MessageBatch, stats: IngestStats): LogReader {
  // Behind what was read and is not flushed to the state yet.
  let next = 0
  /** Bytes unpacked of this answer, and of these those that rows in hand may refer to. */
  let [unpacked, held] = [0, 0]
  const reader: LogReader = {
    take(log, fetched) {
      log.endOffset = fetched.endOffset
      log.stableOffset = fetched.stableOffset
      stats.counters.consumedBytes += fetched.records.length
      next = log.position.next
      unpacked = held = 0
      const open = createOpenTransactions(fetched.aborted)
      for (let at = 0; ;) {
        const batch = readBatch(fetched.records, at, fetched.records.length)
        if (batch === null) break
        at = batch.to
        const fault = takeBatch(log, fetched.records, batch, open)
        if (fault !== null) {
          flush(log)
          return unreadable(log, batch, fault)
        }
        if (log.waitingFor !== null || unpacked > MOST_UNPACKED_BYTES) break
      }
      flush(log)
      return null
    },
  }

  function flush(log: LogPartition): void {
    messages.flush(log, next)
    held = 0
    // A broker looks where its log ends before it reads it, and both go on growing.
    log.endOffset = Math.max(log.endOffset, next)
    log.stableOffset = Math.max(log.stableOffset, next)
  }

  function takeBatch(
    log: LogPartition,
    bytes: Buffer,
    batch: RecordBatch,
    open: OpenTransactions,
  ): BatchFault | null {
    const fault = checkBatch(bytes, batch)
    if (fault !== null) return fault
    if (batch.lastOffset < next) {
      countDuplicates(batch.records)
      return null
    }
    if (batch.control || open.isAborted(batch)) {
      if (batch.control) {
        const marker = openRecords(bytes, batch)
        if (typeof marker !== 'string' && nextRecord(marker) === 1 && isAbortMarker(marker)) {
          open.end(batch.producerId)
        }
      }
    } else {
      const trouble = takeRecords(log, bytes, batch)
      if (trouble !== null || log.waitingFor !== null) return trouble
    }
    next = batch.lastOffset + 1
    log.position.leaderEpoch = batch.leaderEpoch
    return null
  }

  function takeRecords(log: LogPartition, bytes: Buffer, batch: RecordBatch): BatchFault | null {
    if (held > MOST_HELD_BYTES) flush(log)
    const cursor = openRecords(bytes, batch)
    if (typeof cursor === 'string') return cursor
    if (batch.codec !== 0) {
      unpacked += cursor.bytes.length
      held += cursor.bytes.length
    }
    log.undurableMs.push(cursor.baseTimestampMs)
    for (;;) {
      const found = nextRecord(cursor)
      if (found === 0) return null
      if (found < 0) return 'a record that does not fit into its batch'
      if (cursor.offset < next) {
        countDuplicates(1)
        continue
      }
      if (messages.isFull()) messages.flush(log, next)
      if (!messages.add(cursor)) {
        log.waitingFor = messages.wanted()
        return null
      }
      next = cursor.offset + 1
    }
  }

  function countDuplicates(count: number): void {
    stats.counters.rows += count
    stats.counters.duplicate += count
  }

  return reader
}

function unreadable(
  { number, position }: LogPartition,
  { baseOffset, lastOffset }: RecordBatch,
  fault: BatchFault,
): Gap {
  const from = Math.max(baseOffset, position.next)
  const to = lastOffset + 1
  const message =
    `partition ${number}: the batch at offset ${baseOffset} has ${fault}; offsets ${from} to ` +
    `${lastOffset} (${to - from}) cannot be read`
  return { kind: 'unreadable', from, to, message }
}
