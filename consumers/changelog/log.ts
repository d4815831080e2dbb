// Reads the committed records of one partition of a topic up to an end.
//
// A compacted log has holes, also before its end: the response of the leader shows that nothing is left,
// never a record at an expected offset.
import { PulseError } from '../../src/errors.ts'
import {
  createAbortedTransactions,
  endTransaction,
  isAborted,
} from '../../src/kafka/aborted-transactions.ts'
import type { Fetcher, FetchedPartition } from '../../src/kafka/fetch.ts'
import {
  checkBatch,
  nextRecord,
  openRecords,
  readBatch,
  type RecordCursor,
} from '../../src/kafka/record-batch.ts'
import type { ChangelogTopic } from './topics.ts'

const MAX_BYTES = 8 * 2 ** 20
const MAX_WAIT_MS = 200
const OUT_OF_RANGE = 1

/** A place in a log, and what is known of it. */
export interface LogPlace {
  topic: ChangelogTopic
  partition: number
  /** The next offset to read. */
  offset: number
}

/** What one response of the leader has shown. */
export interface LogRead {
  bytes: number
  /** End of what may be read now: all transactions before it have ended. */
  stableOffset: number
  /** Nothing is left to read now. */
  atEnd: boolean
}

/**
 * Reads what one response holds, and moves the place behind it.
 *
 * @param onRecord receives a cursor at each record; false leaves the place before it and ends
 * @throws PulseError `kafka` when the log does not have the place: its records were deleted
 * @throws Error when the leader answers with an error or the records are damaged
 */
export async function readOnce(
  fetcher: Fetcher,
  place: LogPlace,
  onRecord: (cursor: RecordCursor) => boolean,
): Promise<LogRead> {
  const { topic, partition, offset } = place
  const leader = topic.leaders[partition]
  if (leader === undefined) throw new Error(`${describe(place)} has no leader`)
  const limits = { maxBytes: MAX_BYTES, maxPartitionBytes: MAX_BYTES, maxWaitMs: MAX_WAIT_MS }
  const positions = [{ partition, offset, lastEpoch: -1 }]
  const response = await fetcher.fetch(leader, { topicId: topic.id, positions, ...limits })
  const fetched = response.partitions.at(0)
  const code = response.errorCode === 0 ? (fetched?.errorCode ?? 0) : response.errorCode
  if (code === OUT_OF_RANGE) throw missing(place)
  if (code !== 0) throw new Error(`${describe(place)}: the leader answers error ${code}`)
  if (fetched === undefined) throw new Error(`${describe(place)}: the leader answers nothing`)
  const end = readRecords(place, fetched, onRecord)
  const { stableOffset } = fetched
  const atEnd = end.complete && (end.next === offset || end.next >= stableOffset)
  place.offset = end.next
  return { bytes: fetched.records.length, stableOffset, atEnd }
}

/** Compaction keeps the offsets of a log: only a deletion of records moves its beginning. */
const missing = (place: LogPlace): PulseError =>
  new PulseError(
    'kafka',
    `${describe(place)} has lost records: they were deleted, expected a topic that is compacted only; ` +
      'use the state directory of a member, a backup, or another prefix to read the topic from its ' +
      'beginning',
  )

const describe = ({ topic: { name }, partition, offset }: LogPlace): string =>
  `partition ${partition} of "${name}" at offset ${offset}`

function readRecords(
  place: LogPlace,
  { records, aborted }: FetchedPartition,
  onRecord: (cursor: RecordCursor) => boolean,
): { next: number; complete: boolean } {
  let next = place.offset
  const transactions = createAbortedTransactions(aborted)
  for (let at = 0; ;) {
    const batch = readBatch(records, at, records.length)
    if (batch === null) return { next, complete: true }
    const fault = checkBatch(records, batch)
    if (fault !== null) throw new Error(`${describe(place)}: ${fault}`)
    at = batch.to
    if (batch.control) endTransaction(transactions, records, batch)
    if (!batch.control && !isAborted(transactions, batch)) {
      const cursor = openRecords(records, batch)
      if (typeof cursor === 'string') throw new Error(`${describe(place)}: ${cursor}`)
      while (nextRecord(cursor) === 1) {
        if (cursor.offset < place.offset) continue
        if (!onRecord(cursor)) return { next: cursor.offset, complete: false }
      }
    }
    next = Math.max(next, batch.lastOffset + 1)
  }
}
