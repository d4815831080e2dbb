// What a partition keeps beside aggregates: its stamp, its counters, the positions of its sources.
import { REASONS } from '../src/record/batch.ts'
import { USED_COLUMNS } from '../src/record/columns.ts'

/**
 * Version of the format on disk; a newer one is refused. A former format is read, and marked as this
 * one when it is next written. Format 1 held files only: what it lacks reads as zero. Formats 1 and 2
 * have other names for some fields: see `former-format.ts`.
 */
export const FORMAT = 3

/** What the state directory fixes: other options would give other numbers. */
export interface Stamp {
  format: number
  partitions: number
  durationUnit: 'auto' | 'ms' | 's'
  timeZone: string
  missingMsisdn: 'reject' | 'zero'
}

/** Counters of a partition, written with every commit. Counts are of all time. */
export interface Counters {
  /** Number of the last commit, from 1 on. */
  commit: number
  subscribers: number
  applied: number
  rejected: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Rejected rows that can be looked at; the rest is beyond a bound, and only counted. */
  rejectedKept: number
  rejectedKeptBytes: number
}

/**
 * How far a source was read, and what became of its rows. In a log, where one partition of the state
 * reads one partition of the topic: position − first = applied + rejected + covered + skipped.
 */
export interface SourcePosition {
  name: string
  /** Rows of a file; 0 for a log, which has no end. */
  rows: number
  /** Rows below this are dealt with: in the order of the file, of Start, or of the log (offset). */
  next: number
  kind: 'file' | 'topic'
  /** What `next` counts: rows of the file, rows by Start, or offsets of the topic. */
  order: 'file' | 'time' | 'offset'
  durationUnit: 'ms' | 's'
  evidence: string
  applied: number
  rejected: number
  /** Rows left out because another source has them: beyond or before a cut-over. */
  excluded: number
  /** Where reading began: 0 for a file. */
  first: number
  /** Positions of a log without a row: markers, aborted, compacted away, and gaps passed over. */
  skipped: number
  /** Epoch of the leader that wrote the last row of a log that was read; -1 unknown. */
  leaderEpoch: number
}

/** A source of which nothing was read. */
export const createPosition = (
  known: Pick<SourcePosition, 'name' | 'kind' | 'rows' | 'order' | 'durationUnit' | 'evidence'>,
  first = 0,
): SourcePosition => ({
  ...known,
  next: first,
  applied: 0,
  rejected: 0,
  excluded: 0,
  first,
  skipped: 0,
  leaderEpoch: -1,
})

/** One rejected row as it is kept. */
export interface RejectedRow {
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
  rejected: zeros(REASONS),
  coerced: zeros(USED_COLUMNS),
  missing: zeros(USED_COLUMNS),
  rejectedKept: 0,
  rejectedKeptBytes: 0,
})

/** Adds the counts of `more` to `to`, name by name. */
export function addCounts(
  to: Record<string, number>,
  more: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(more)) to[name] = (to[name] ?? 0) + count
}
