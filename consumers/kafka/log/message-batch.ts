// A batch of decoded messages on its way into the state: applied, rejected or excluded.
import { performance } from 'node:perf_hooks'
import { REASONS } from '../../../src/record/batch.ts'
import { PLACE } from '../../../src/record/columns.ts'
import { eventTimeOf } from '../../../src/record/event-time.ts'
import { headerOf, SOURCE_HEADER } from '../../../src/kafka/headers.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'
import type { Partition } from '../../../state/partition.ts'
import type { IngestStats } from '../../ingest/ingest-stats.ts'
import { DECODED, type MessageFormat } from './message-format.ts'
import { addMessage, createMessageRows, scaleDurations, type MessageRows } from './message-rows.ts'
import { readFrom, type LogPartition } from './partition.ts'
import { checkRouting, createRouting, type Routing } from './routing.ts'
import { contradictionIn, lookAt, type TopicUnits } from './units.ts'

/** Messages per batch: few enough that their columns stay in the processor's caches. */
export const BATCH_ROWS = 2048

/** What a message batch needs to know of its topic. */
export interface MessageBatchOptions {
  format: MessageFormat
  /** Partitions of the topic. */
  partitions: number
  units: TopicUnits
  /** Rows that start before it (UTC ms) belong to the history; null for no history. */
  cutoverMs: number | null
}

/** Decoded messages of one log; the batch is reused for one log after another. */
export interface MessageBatch {
  options: MessageBatchOptions
  stats: IngestStats
  rows: MessageRows
  /** The columns of `rows`. */
  values: readonly Float64Array[]
  /** Scratch: the rows to apply. */
  selected: Uint32Array
  /** Whether rows are in the partitions of their keys. */
  routing: Routing
}

/** An empty batch of `BATCH_ROWS` rows. */
export function createMessageBatch(options: MessageBatchOptions, stats: IngestStats): MessageBatch {
  const rows = createMessageRows(BATCH_ROWS)
  return {
    options,
    stats,
    rows,
    values: rows.columns.map((column) => column.values),
    selected: new Uint32Array(BATCH_ROWS),
    routing: createRouting(options.partitions),
  }
}

/** True when the batch has to be applied before another message is added. */
export const isFull = ({ rows }: MessageBatch): boolean => rows.count === rows.capacity

/**
 * Adds the message at a cursor. Returns false, adding nothing, when its schema is not known yet.
 */
export const addToBatch = (
  { rows, values, options }: MessageBatch,
  cursor: RecordCursor,
): boolean => addMessage(rows, values, cursor, options.format)

/**
 * Applies the rows to a log's state, moves its position to `next`, and empties the batch. While the
 * topic's units are not decided, rows that depend on them are only looked at.
 */
export function applyBatch(batch: MessageBatch, log: LogPartition, next: number): void {
  const { rows, selected, stats } = batch
  const { position, state } = log
  const { count } = rows
  if (next === readFrom(log)) return
  const { units } = batch.options
  if (units.deciding !== null || count > 0) {
    if (lookAt(units, rows, log, next)) {
      empty(rows)
      return
    }
  }
  const start = performance.now()
  if (count > 0) applyUnit(batch, log)
  const { wanted, rejected } = select(batch, log)
  const applied = stats.applier.apply(state, rows, selected, wanted)
  for (let n = 0; n < wanted; n++) {
    const outcome = stats.applier.outcome[selected[n]]
    if (outcome !== 0) reject(batch, log, selected[n], outcome)
  }
  const excluded = count - wanted - rejected
  position.applied += applied
  position.rejected += wanted - applied + rejected
  position.excluded += excluded
  position.skipped += next - position.next - count
  position.next = next
  state.moved.add(log.source)
  stats.counters.rows += count
  stats.counters.applied += applied
  stats.counters.excluded += excluded
  if (count > 0) {
    stats.observeBatch(applied, start)
    log.lastTimestampMs = rows.timestampMs[count - 1]
  }
  empty(rows)
}

function empty(rows: MessageRows): void {
  rows.count = 0
  rows.bytes.length = 0
}

/**
 * Selects the rows to apply, rejects those that did not decode, leaves out those of the history.
 */
function select(batch: MessageBatch, log: LogPartition): { wanted: number; rejected: number } {
  const { rows, selected, stats } = batch
  const { cutoverMs } = batch.options
  let wanted = 0
  let rejected = 0
  for (let i = 0; i < rows.count; i++) {
    const outcome = rows.outcome[i]
    if (outcome !== DECODED) {
      log.state.counters.rejected[REASONS[outcome - 1]]++
      stats.applier.counts.rejected[outcome - 1]++
      reject(batch, log, i, outcome)
      rejected++
    } else if (cutoverMs === null || isLive(batch, log, i, cutoverMs)) selected[wanted++] = i
  }
  checkRouting(batch.routing, rows, selected, wanted, log.number)
  return { wanted, rejected }
}

/**
 * True for a row of the topic, false for one of the history. If its Start is unknown, a header that
 * names a file of the history decides; without such a header Kafka's timestamp does.
 */
function isLive(
  { rows, values }: MessageBatch,
  { state }: LogPartition,
  i: number,
  cutoverMs: number,
): boolean {
  const start = eventTimeOf(values[PLACE.start][i], values[PLACE.startMs][i])
  if (!Number.isNaN(start)) return start >= cutoverMs
  const file = headerOf(rows.bytes[i], rows.valueTo[i], SOURCE_HEADER)
  if (file !== null && isOfHistory(state, file)) return false
  return rows.timestampMs[i] >= cutoverMs
}

/** A producer names a file by the hash of its content, a former one by its fingerprint. */
function isOfHistory({ positions }: Partition, file: string): boolean {
  for (const [id, { content }] of positions) {
    if (id.startsWith(file) || content?.startsWith(file) === true) return true
  }
  return false
}

function reject(
  { rows }: MessageBatch,
  { state, source }: LogPartition,
  i: number,
  outcome: number,
): void {
  const reason = REASONS[outcome - 1]
  state.rejected.push({ source, row: rows.offset[i], reason, raw: rows.raw(i) })
}

/** Durations become milliseconds; rows that contradict the unit stop the log after this batch. */
function applyUnit({ rows, options }: MessageBatch, log: LogPartition): void {
  const { units } = options
  if (units.unit === null) return
  const { position } = log
  position.durationUnit = units.unit.durationUnit
  position.evidence = units.unit.evidence
  const found = contradictionIn(units, rows, log.checked)
  if (found !== null) {
    const at = position.next
    log.gap = { kind: 'units', from: at, to: at, message: `partition ${log.number}: ${found}` }
  }
  if (units.unit.durationUnit !== 'ms') scaleDurations(rows, units.unit.durationUnit)
}
