// A batch of decoded messages on its way into the state: what is applied, rejected, left out.
import { performance } from 'node:perf_hooks'
import { REASONS } from '../../../src/record/batch.ts'
import { isMsisdn } from '../../../src/record/validation.ts'
import { eventTimeOf } from '../../../src/record/event-time.ts'
import { partitionOf } from '../../../src/record/partitioner.ts'
import { requestedUnit, inferUnit, type DurationUnit } from '../../../src/record/duration-unit.ts'
import type { LogPartition } from './partition.ts'
import { DECODED, type MessageFormat } from './message-format.ts'
import { addMessage, createMessageRows, scaleDurations } from './message-rows.ts'
import { headerOf, SOURCE_HEADER } from '../../../src/kafka/headers.ts'
import type { RecordCursor } from '../../../src/kafka/record-batch.ts'
import type { IngestStats } from '../../ingest/ingest-stats.ts'

/** Decoded at a time: what is worked on stays in the caches. */
export const BATCH_ROWS = 2048

export interface MessageBatchOptions {
  format: MessageFormat
  /** Partitions of the topic. */
  partitions: number
  durationUnit: 'auto' | 'ms' | 's'
  /** What an earlier run found: it stands, a restart's first rows may look otherwise. */
  knownUnit: DurationUnit | null
  /** Rows that start before it are another source's; null for none. */
  cutoverMs: number | null
}

export interface MessageBatch {
  isFull(): boolean
  /** False when the message's schema is not known yet: then nothing was added. */
  add(cursor: RecordCursor): boolean
  /** The schema that the message which could not be added waits for. */
  wanted(): number
  /** Applies the rows in hand to a log, and moves its position to `next`, behind all that was read. */
  flush(log: LogPartition, next: number): void
  /** How durations of this topic are understood; null before any row could tell. */
  unit: DurationUnit | null
  /** Rows seen in a partition that is not their key's by Kafka's default partitioner. */
  misrouted: number
}

/** An empty batch, used for one log after another. */
export function createMessageBatch(options: MessageBatchOptions, stats: IngestStats): MessageBatch {
  const { format, cutoverMs, durationUnit } = options
  const rows = createMessageRows(BATCH_ROWS)
  const values = rows.columns.map((column) => column.values)
  const selected = new Uint32Array(BATCH_ROWS)
  const batch: MessageBatch = {
    unit: durationUnit === 'auto' ? options.knownUnit : requestedUnit(durationUnit),
    misrouted: 0,
    isFull: () => rows.count === BATCH_ROWS,
    add: (cursor) => addMessage(rows, values, cursor, format),
    wanted: () => format.wanted(),
    flush,
  }

  function flush(log: LogPartition, next: number): void {
    const { position, state } = log
    const { count } = rows
    if (next === position.next) return
    const start = performance.now()
    if (count > 0) understandDurations(log)
    const { wanted, rejected } = select(log)
    const applied = stats.applier.apply(state, rows, selected, wanted)
    for (let n = 0; n < wanted; n++) {
      const outcome = stats.applier.outcome[selected[n]]
      if (outcome !== 0) reject(log, selected[n], outcome)
    }
    position.applied += applied
    position.rejected += wanted - applied + rejected
    position.excluded += count - wanted - rejected
    position.skipped += next - position.next - count
    position.next = next
    state.moved.add(log.source)
    const { counters } = stats
    counters.rows += count
    counters.applied += applied
    counters.excluded += count - wanted - rejected
    if (count > 0) {
      stats.observeBatch(applied, start)
      log.lastTimestampMs = rows.timestampMs[count - 1]
    }
    rows.count = 0
    rows.bytes.length = 0
  }

  /** Picks the rows to apply; rejects what did not decode; leaves out what another source has. */
  function select(log: LogPartition): { wanted: number; rejected: number } {
    let wanted = 0
    let rejected = 0
    for (let i = 0; i < rows.count; i++) {
      const outcome = rows.outcome[i]
      if (outcome !== DECODED) {
        log.state.counters.rejected[REASONS[outcome - 1]]++
        stats.applier.counts.rejected[outcome - 1]++
        reject(log, i, outcome)
        rejected++
      } else if (cutoverMs === null || isLive(log, i, cutoverMs)) selected[wanted++] = i
    }
    if (wanted > 0) lookWhereRouted(log, values[0][selected[0]])
    return { wanted, rejected }
  }

  /**
   * True for a row of the topic, false for one of the history. Where its Start is unknown, a row that
   * says which file it was replayed from is that file's, and for others Kafka's timestamp decides.
   */
  function isLive(log: LogPartition, i: number, cutover: number): boolean {
    const start = eventTimeOf(values[2][i], values[3][i])
    if (!Number.isNaN(start)) return start >= cutover
    const file = headerOf(rows.bytes[i], rows.valueTo[i], SOURCE_HEADER)
    const files = [...log.state.positions.keys()]
    if (file !== null && files.some((id) => id.startsWith(file))) return false
    return rows.timestampMs[i] >= cutover
  }

  function reject({ state, source }: LogPartition, i: number, outcome: number): void {
    const reason = REASONS[outcome - 1]
    state.rejected.push({ source, row: rows.offset[i], reason, raw: rows.raw(i) })
  }

  /** One row per batch: a topic that is keyed in another way is found out at once, at no cost. */
  function lookWhereRouted(log: LogPartition, msisdn: number): void {
    if (!isMsisdn(msisdn)) return
    if (partitionOf(msisdn, options.partitions) !== log.number) batch.misrouted++
  }

  /** The first rows that can tell decide for the topic; until then values are milliseconds. */
  function understandDurations({ position }: LogPartition): void {
    if (batch.unit === null) {
      const vote = inferUnit(values, rows.count)
      if (vote.rows > 0) batch.unit = vote
    }
    if (batch.unit === null) return
    position.durationUnit = batch.unit.durationUnit
    position.evidence = batch.unit.evidence
    if (batch.unit.durationUnit === 's') scaleDurations(rows)
  }

  return batch
}
