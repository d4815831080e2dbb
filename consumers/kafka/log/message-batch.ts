// A slice of decoded messages on its way into the state: what is applied, refused, left out.
import { performance } from 'node:perf_hooks'
import { REASONS } from '../../../src/record/batch.ts'
import { isMsisdn } from '../../../src/record/validation.ts'
import { eventTimeOf } from '../../../src/record/event-time.ts'
import { partitionOf } from '../../../src/record/partitioner.ts'
import { asAsked, voteUnit, type DurationUnit } from '../../../src/record/duration-unit.ts'
import type { LogPartition } from './partition.ts'
import { DECODED, type MessageFormat } from './message-format.ts'
import { addMessage, createMessageRows, scaleDurations } from './message-rows.ts'
import { headerOf, type RecordCursor } from '../../../src/kafka/record-batch.ts'
import { SOURCE_HEADER } from '../../../src/kafka/headers.ts'
import type { Tally } from '../../ingest/ingest-stats.ts'

/** Decoded at a time: what is worked on stays in the caches. */
export const SLICE_ROWS = 2048

export interface SliceOptions {
  format: MessageFormat
  /** Partitions of the topic. */
  partitions: number
  durationUnit: 'auto' | 'ms' | 's'
  /** What an earlier run found: it stands, a restart's first rows may look otherwise. */
  knownUnit: DurationUnit | null
  /** Rows that start before it are another source's; null for none. */
  cutoverMs: number | null
}

export interface Slice {
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

/** An empty slice, used for one log after another. */
export function createSlice(options: SliceOptions, tally: Tally): Slice {
  const { format, cutoverMs, durationUnit } = options
  const rows = createMessageRows(SLICE_ROWS)
  const values = rows.columns.map((column) => column.values)
  const selected = new Uint32Array(SLICE_ROWS)
  const slice: Slice = {
    unit: durationUnit === 'auto' ? options.knownUnit : asAsked(durationUnit),
    misrouted: 0,
    isFull: () => rows.count === SLICE_ROWS,
    add: (cursor) => addMessage(rows, values, cursor, format),
    wanted: () => format.wanted(),
    flush,
  }

  function flush(log: LogPartition, next: number): void {
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
      } else if (cutoverMs === null || isLive(log, i, cutoverMs)) selected[wanted++] = i
    }
    if (wanted > 0) lookWhereRouted(log, values[0][selected[0]])
    return { wanted, refused }
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

  function refuse({ state, source }: LogPartition, i: number, verdict: number): void {
    const reason = REASONS[verdict - 1]
    state.refused.push({ source, row: rows.offset[i], reason, raw: rows.raw(i) })
  }

  /** One row a slice: a topic that is keyed in another way is found out at once, at no cost. */
  function lookWhereRouted(log: LogPartition, msisdn: number): void {
    if (!isMsisdn(msisdn)) return
    if (partitionOf(msisdn, options.partitions) !== log.number) slice.misrouted++
  }

  /** The first rows that can tell decide for the topic; until then values are milliseconds. */
  function understandDurations({ position }: LogPartition): void {
    if (slice.unit === null) {
      const vote = voteUnit(values, rows.count)
      if (vote.votes > 0) slice.unit = vote
    }
    if (slice.unit === null) return
    position.durationUnit = slice.unit.durationUnit
    position.evidence = slice.unit.evidence
    if (slice.unit.durationUnit === 's') scaleDurations(rows)
  }

  return slice
}
