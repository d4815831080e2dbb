// Reads what was fetched of a partition's log, batch by batch, and applies it to the state.
//
// A position moves to the end of what was read: behind the last record dealt with, and behind the
// last batch once it is done, because markers and compaction leave offsets without a record.
import { performance } from 'node:perf_hooks'
import { REASONS } from '../src/record/batch.ts'
import { isMsisdn, withPart } from '../src/record/clean.ts'
import { partitionOf } from '../src/record/partition.ts'
import { asAsked, voteUnit, type DurationUnit } from './duration-unit.ts'
import type { FetchedPartition } from './kafka-fetch.ts'
import type { Gap, LogPartition } from './log-partition.ts'
import { DECODED, type MessageFormat } from './message-format.ts'
import { addMessage, createMessageRows, scaleDurations } from './message-rows.ts'
import { checkBatch, isAbortMarker, nextRecord, openRecords, readBatch } from './record-batch.ts'
import type { BatchFault, RecordBatch } from './record-batch.ts'
import type { Tally } from './tally.ts'

/** Decoded at a time: what is worked on stays in the caches. */
export const SLICE_ROWS = 2048

export interface LogReaderOptions {
  format: MessageFormat
  /** Partitions of the topic. */
  partitions: number
  durationUnit: 'auto' | 'ms' | 's'
  /** Rows that start before it are another source's; null for none. */
  cutoverMs: number | null
}

export interface LogReader {
  /**
   * Reads fetched batches from the log's position on, as far as they can be decoded now: `waitingFor`
   * of the log names a schema that is not known yet.
   *
   * @returns a batch that can never be read, where reading has stopped
   */
  take(log: LogPartition, fetched: FetchedPartition): Gap | null
  /** How durations of this topic are understood; null before any row could tell. */
  unit: DurationUnit | null
  /** Rows seen in a partition that is not their key's by Kafka's default partitioner. */
  misrouted: number
}

/** A reader of all partitions of a topic, one after another. */
export function createLogReader(options: LogReaderOptions, tally: Tally): LogReader {
  const { format, cutoverMs, durationUnit } = options
  const rows = createMessageRows(SLICE_ROWS)
  const values = rows.columns.map((column) => column.values)
  const selected = new Uint32Array(SLICE_ROWS)
  // Behind what was read and is not flushed to the state yet.
  let next = 0
  const reader: LogReader = {
    unit: durationUnit === 'auto' ? null : asAsked(durationUnit),
    misrouted: 0,
    take(log, fetched) {
      log.endOffset = fetched.endOffset
      log.stableOffset = fetched.stableOffset
      tally.counters.consumedBytes += fetched.records.length
      next = log.position.position
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
        if (log.waitingFor !== null) break
      }
      flush(log)
      return null
    },
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
    const cursor = openRecords(bytes, batch)
    if (typeof cursor === 'string') return cursor
    log.undurableMs.push(batch.baseTimestampMs)
    for (;;) {
      const found = nextRecord(cursor)
      if (found === 0) return null
      if (found < 0) return 'a record that does not fit into its batch'
      if (cursor.offset < next) {
        countDuplicates(1)
        continue
      }
      if (rows.count === SLICE_ROWS) flush(log)
      if (!addMessage(rows, values, cursor, format)) {
        log.waitingFor = format.wanted()
        return null
      }
      next = cursor.offset + 1
    }
  }

  function countDuplicates(count: number): void {
    tally.counters.rows += count
    tally.counters.duplicate += count
  }

  /** Applies the rows in hand, and moves the position behind all that was read. */
  function flush(log: LogPartition): void {
    const { position, state } = log
    const { count } = rows
    if (next === position.position) return
    const start = performance.now()
    if (count > 0) understandDurations(log)
    const { wanted, refused } = select(log)
    const applied = tally.applier.apply(state, rows, selected, wanted)
    for (let n = 0; n < wanted; n++) {
      const verdict = tally.applier.verdict[selected[n]]
      if (verdict !== 0) refuse(log, selected[n], verdict)
    }
    position.applied += applied
    position.refused += wanted - applied + refused
    position.covered += count - wanted - refused
    position.skipped += next - position.position - count
    position.position = next
    state.moved.add(log.source)
    const { counters } = tally
    counters.rows += count
    counters.applied += applied
    counters.duplicate += count - wanted - refused
    if (count > 0) {
      tally.observeBatch(applied, start)
      log.lastTimestampMs = rows.timestampMs[count - 1]
    }
    rows.count = 0
    rows.bytes.length = 0
  }

  /** Picks the rows to apply; refuses what did not decode; leaves out what another source has. */
  function select(log: LogPartition): { wanted: number; refused: number } {
    let wanted = 0
    let refused = 0
    for (let i = 0; i < rows.count; i++) {
      const outcome = rows.outcome[i]
      if (outcome !== DECODED) {
        log.state.counters.refused[REASONS[outcome - 1]]++
        tally.applier.account.refused[outcome - 1]++
        refuse(log, i, outcome)
        refused++
      } else if (cutoverMs === null || startOf(i) >= cutoverMs) selected[wanted++] = i
    }
    if (wanted > 0) lookWhereRouted(log, values[0][selected[0]])
    return { wanted, refused }
  }

  /** Start of row i; Kafka's timestamp where it is unknown, so that every row is on one side. */
  function startOf(i: number): number {
    const start = values[2][i]
    return start > 0 && start < Infinity ? withPart(start, values[3][i]) : rows.timestampMs[i]
  }

  function refuse({ state, source }: LogPartition, i: number, verdict: number): void {
    const reason = REASONS[verdict - 1]
    state.refused.push({ source, row: rows.offset[i], reason, raw: rows.raw(i) })
  }

  /** One row a slice: a topic that is keyed in another way is found out at once, at no cost. */
  function lookWhereRouted(log: LogPartition, msisdn: number): void {
    if (!isMsisdn(msisdn)) return
    if (partitionOf(msisdn, options.partitions) !== log.number) reader.misrouted++
  }

  /** The first rows that can tell decide for the topic; until then values are milliseconds. */
  function understandDurations({ position }: LogPartition): void {
    if (reader.unit === null) {
      const vote = voteUnit(values, rows.count)
      if (vote.votes > 0) reader.unit = vote
    }
    if (reader.unit === null) return
    position.durationUnit = reader.unit.durationUnit
    position.evidence = reader.unit.evidence
    if (reader.unit.durationUnit === 's') scaleDurations(rows)
  }

  return reader
}

interface OpenTransactions {
  /** True for a batch of a transaction that was aborted. */
  isAborted(batch: RecordBatch): boolean
  /** A producer's abort marker was read. */
  end(producerId: number): void
}

/**
 * Follows the aborted transactions of an answer as its batches go by: one begins at its first offset
 * and ends at its producer's next abort marker (as Kafka's own consumer does it, CompletedFetch).
 */
function createOpenTransactions(aborted: FetchedPartition['aborted']): OpenTransactions {
  const open = new Set<number>()
  let begun = 0
  return {
    isAborted({ lastOffset, producerId, transactional }) {
      while (begun < aborted.length && aborted[begun].firstOffset <= lastOffset) {
        open.add(aborted[begun++].producerId)
      }
      return transactional && open.has(producerId)
    },
    end: (producerId) => open.delete(producerId),
  }
}

const unreadable = ({ number }: LogPartition, batch: RecordBatch, fault: BatchFault): Gap => ({
  kind: 'unreadable',
  from: batch.baseOffset,
  to: batch.lastOffset + 1,
  message:
    `partition ${number}: the batch at offset ${batch.baseOffset} has ${fault}; ` +
    `${batch.lastOffset + 1 - batch.baseOffset} offsets cannot be read`,
})
