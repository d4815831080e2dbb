// One partition of the topic as this member reads it: its state, its position, what stands in the way.
import type { SourcePosition } from '../../../state/partition-metadata.ts'
import type { Partition } from '../../../state/partition.ts'

/** Rows of the log that cannot be read any more, or never could. */
export interface Gap {
  kind: 'out-of-range' | 'truncated' | 'recreated' | 'unreadable'
  /** Offsets missing: `from` up to `to`, exclusive. */
  from: number
  to: number
  /** In a sentence. */
  message: string
}

/** Evidence of a position whose topic's unit of durations is not known yet. */
export const NO_ROW_READ = 'no row read yet'

export interface LogPartition {
  number: number
  state: Partition
  /** Identity of the topic, by which positions are kept. */
  source: string
  position: SourcePosition
  /** Of the log, as last fetched; -1 before the first answer. */
  endOffset: number
  /** Up to here every transaction is decided: what lag is measured to. */
  stableOffset: number
  /** Position of the last commit. */
  durableOffset: number
  /** Kafka's timestamp of the last record applied, 0 before the first. */
  lastTimestampMs: number
  /** Kafka's timestamps of what is applied and not durable yet, one a batch. */
  undurableMs: number[]
  /** Schema that is being asked for. */
  waitingFor: number | null
  /** Reading stops at it. */
  gap: Gap | null
}

/** A partition as it stands before anything of it is fetched. */
export const createLogPartition = (
  number: number,
  state: Partition,
  source: string,
  position: SourcePosition,
): LogPartition => ({
  number,
  state,
  source,
  position,
  endOffset: -1,
  stableOffset: -1,
  durableOffset: position.next,
  lastTimestampMs: 0,
  undurableMs: [],
  waitingFor: null,
  gap: null,
})

/** Records between the position and the end that may be read; NaN before that is known. */
export const lagRecords = ({ stableOffset, position }: LogPartition): number =>
  stableOffset < 0 ? NaN : Math.max(0, stableOffset - position.next)
