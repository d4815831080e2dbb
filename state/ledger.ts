// What a partition keeps beside aggregates: its stamp, its counters, the positions of its sources.
import { REASONS } from '../src/record/batch.ts'
import { USED_COLUMNS } from '../src/record/columns.ts'

/** Version of the format on disk; a newer one is refused, an older one would be migrated. */
export const FORMAT = 1

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
  /** Refused rows that can be looked at; the rest is beyond the bound, and only counted. */
  refusedKept: number
}

/** How far a source was read, and what became of its rows. */
export interface SourcePosition {
  name: string
  rows: number
  /** Rows below this are dealt with: in the file's own order, or in order of Start. */
  position: number
  order: 'file' | 'time'
  durationUnit: 'ms' | 's'
  evidence: string
  applied: number
  refused: number
}

/** One refused row as it is kept. */
export interface RefusedRow {
  source: string
  row: number
  reason: (typeof REASONS)[number]
  /** The used values as the file spells them, a JSON array in the order of USED_COLUMNS. */
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
})

/** Adds the counts of `more` to `to`, name by name. */
export function addCounts(
  to: Record<string, number>,
  more: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(more)) to[name] = (to[name] ?? 0) + count
}
