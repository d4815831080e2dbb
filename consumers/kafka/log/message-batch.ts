// A batch of decoded messages on its way into the state: applied, rejected or excluded.
import { REASONS } from '../../../src/record/batch.ts'
import { unitsOf } from '../../../src/record/source-units.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'
import type { IngestStats } from '../../ingest/ingest-stats.ts'
import { DECODED, OTHER_TYPE, type MessageFormat } from './message-format.ts'
import { addMessage, createMessageRows, scaleRows, type MessageRows } from './message-rows.ts'
import { placeOf, readFrom, type LogPartition } from './partition.ts'
import { checkRouting, createRouting, type Routing } from './routing.ts'
import { isLive } from './cutover.ts'
import { lookAtColumns, rejectIncomplete, seenNames, type JsonColumns } from './json-columns.ts'
import { detailOf } from './message-detail.ts'
import { contradictionIn } from './unit-check.ts'
import { lookAt, type TopicUnits } from './units.ts'

/** Messages per batch: few enough that their columns stay in the processor's caches. */
export const BATCH_ROWS = 2048

/** What a message batch needs to know of its topic. */
export interface MessageBatchOptions {
  format: MessageFormat
  /** Partitions of the topic. */
  partitions: number
  units: TopicUnits
  json: JsonColumns
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
  /** Messages of record types that are not read; they are no rows. */
  otherTypes: number
}

/** An empty batch of up to `capacity` rows. */
export function createMessageBatch(
  options: MessageBatchOptions,
  stats: IngestStats,
  capacity: number = BATCH_ROWS,
): MessageBatch {
  const rows = createMessageRows(capacity)
  return {
    options,
    stats,
    rows,
    values: rows.columns.map((column) => column.values),
    selected: new Uint32Array(capacity),
    routing: createRouting([options.partitions]),
    otherTypes: 0,
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
  // It stopped before rows that are still in the batch.
  if (log.gap !== null) {
    empty(rows)
    return
  }
  const { units, json } = batch.options
  if (isLooking(batch) || count > 0) {
    const nowMs = stats.clock.utcMs()
    if (lookAtColumns(json, rows, log, next, nowMs) || lookAt(units, rows, log, next, nowMs)) {
      empty(rows)
      return
    }
  }
  rejectIncomplete(json, rows)
  const start = stats.clock.now()
  if (count > 0 && !applyUnits(batch, log)) {
    empty(rows)
    return
  }
  const { wanted, rejected, otherTypes, excluded } = select(batch, log)
  const applied = stats.applier.apply(state, rows, selected, wanted)
  for (let n = 0; n < wanted; n++) {
    const outcome = stats.applier.outcome[selected[n]]
    if (outcome !== 0) reject(batch, log, selected[n], outcome)
  }
  position.applied += applied
  position.rejected += wanted - applied + rejected
  position.excluded += excluded
  position.skipped += next - position.next - count + otherTypes
  if (otherTypes > 0) position.otherTypes = (position.otherTypes ?? 0) + otherTypes
  position.next = next
  if (json.seen !== 0) position.jsonColumns = seenNames(json)
  state.moved.add(log.source)
  batch.otherTypes += otherTypes
  stats.counters.rows += count - otherTypes
  stats.counters.applied += applied
  stats.counters.excluded += excluded
  if (count > 0) {
    stats.observeBatch(applied, start)
    log.lastTimestampMs = rows.timestampMs[count - 1]
  }
  empty(rows)
}

/** Whether rows are only looked at, and will be read again. */
export const isLooking = ({ options: { units, json } }: MessageBatch): boolean =>
  units.deciding !== null || json.looking !== null

function empty(rows: MessageRows): void {
  rows.count = 0
  if (rows.details.size > 0) rows.details.clear()
  rows.bytes.length = 0
}

/** Selects the rows to apply, and counts those that do not decode, are of the history, or no rows. */
function select(batch: MessageBatch, log: LogPartition) {
  const { rows, selected, stats } = batch
  const { cutoverMs } = batch.options
  let [wanted, rejected, otherTypes, excluded] = [0, 0, 0, 0]
  for (let i = 0; i < rows.count; i++) {
    const outcome = rows.outcome[i]
    if (outcome === OTHER_TYPE) otherTypes++
    else if (outcome !== DECODED) {
      log.state.counters.rejected[REASONS[outcome - 1]]++
      stats.applier.counts.rejected[outcome - 1]++
      reject(batch, log, i, outcome)
      rejected++
    } else if (cutoverMs === null || isLive(rows, log, i, cutoverMs)) selected[wanted++] = i
    else excluded++
  }
  checkRouting(batch.routing, rows, selected, wanted, log.number)
  return { wanted, rejected, otherTypes, excluded }
}

function reject(
  { rows }: MessageBatch,
  { state, source }: LogPartition,
  i: number,
  outcome: number,
): void {
  const reason = REASONS[outcome - 1]
  const detail = detailOf(rows, i, reason)
  const row = { source, row: rows.offset[i], reason, raw: rows.raw(i) }
  state.rejected.push(detail === null ? row : { ...row, detail })
}

/**
 * Durations become milliseconds and volumes bytes. Returns false for rows that contradict the units: then
 * the log stops before them.
 */
function applyUnits({ rows, options }: MessageBatch, log: LogPartition): boolean {
  const { unit, options: asked } = options.units
  const { position } = log
  const found = asked.forceUnits ? null : contradictionIn(options.units, rows, log.checked)
  if (found !== null) {
    const at = position.next
    log.gap = { kind: 'units', from: at, to: at, message: `${placeOf(log)}: ${found}` }
    return false
  }
  if (unit === null) return true
  Object.assign(position, unitsOf(unit))
  scaleRows(rows, unit)
  return true
}
