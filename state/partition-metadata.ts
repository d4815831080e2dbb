// What a partition keeps beside aggregates: its stamp, its counters, the positions of its sources.
import { REASONS } from '../src/record/batch.ts'
import { USED_COLUMNS } from '../src/record/columns.ts'

/**
 * Version of the format on disk; a newer one is refused. Format 1 knew files only: what it lacks reads
 * as its zero, and it is marked as 2 when it is next written.
 */
export const FORMAT = 2

/** What the state directory fixes: other options would give other numbers. */
export interface Stamp {
  format: number
  partitions: number
  durationUnit: 'auto' | 'ms' | 's'
  timeZone: string
  missingMsisdn: 'refuse' | 'zero'
}

/** Counters of a partition, written with every commit. Counts are of all time. */
export interface Counters {
  /** Number of the last commit, from 1 on. */
  commit: number
  subscribers: number
  applied: number
  refused: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Refused rows that can be looked at; the rest is beyond a bound, and only counted. */
  refusedKept: number
  refusedKeptBytes: number
}

/**
 * How far a source was read, and what became of its rows. In a log, where one partition of the state
 * reads one partition of the topic: position − first = applied + refused + covered + skipped.
 */
export interface SourcePosition {
  name: string
  /** Rows of a file; 0 for a log, which has no end. */
  rows: number
  /** Rows below this are dealt with: in the order of the file, of Start, or of the log (offset). */
  position: number
  order: 'file' | 'time' | 'log'
  durationUnit: 'ms' | 's'
  evidence: string
  applied: number
  refused: number
  /** Rows left out because another source has them: beyond or before a cut-over. */
  covered: number
  /** Where reading began: 0 for a file. */
  first: number
  /** Positions of a log without a row: markers, aborted, compacted away, and gaps passed over. */
  skipped: number
  /** Epoch of the leader that wrote the last row of a log that was read; -1 unknown. */
  leaderEpoch: number
}

/** A source of which nothing was read. */
export const createPosition = (
  known: Pick<SourcePosition, 'name' | 'rows' | 'order' | 'durationUnit' | 'evidence'>,
  first = 0,
): SourcePosition => ({
  ...known,
  position: first,
  applied: 0,
  refused: 0,
  covered: 0,
  first,
  skipped: 0,
  leaderEpoch: -1,
})

/** One refused row as it is kept. */
export interface RefusedRow {
  source: string
  row: number
  reason: (typeof REASONS)[number]
  /**
   * Of a file: the used values as it spells them, a JSON array in the order of USED_COLUMNS. Of a log:
   * a JSON object of the message's key and value in base64 (null for none) and its timestamp.
   */
  raw: string
}

/** A count of 0 for each name. */
export const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 0]))

export const createCounters = (): Counters => ({
  commit: 0,
  subscribers: 0,
  applied: 0,
  refused: zeros(REASONS),
  coerced: zeros(USED_COLUMNS),
  missing: zeros(USED_COLUMNS),
  refusedKept: 0,
  refusedKeptBytes: 0,
})

/** Adds the counts of `more` to `to`, name by name. */
export function addCounts(
  to: Record<string, number>,
  more: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(more)) to[name] = (to[name] ?? 0) + count
}
