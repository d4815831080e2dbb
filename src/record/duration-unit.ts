// Whether durations hold milliseconds, or seconds as many real files do: rows evidence.
import { withPart } from './event-time.ts'

/** Rows that evidence: the first ones that can tell. */
const VOTES = 1000
/** Text times lose their seconds: a shorter span could not tell. */
const LEAST_SPAN_MS = 120_000

export interface DurationUnit {
  durationUnit: 'ms' | 's'
  /** In words: how the unit was found. */
  evidence: string
}

/** How a source was understood: told once in the log, and in the status as long as it is known. */
export interface SourceNote {
  name: string
  durationUnit: 'ms' | 's'
  /** In words: how the unit was found. */
  evidence: string
}

/** The unit that was asked for. */
export const requestedUnit = (durationUnit: 'ms' | 's'): DurationUnit => ({
  durationUnit,
  evidence: `set by --duration-unit ${durationUnit}`,
})

/** Rows that could tell, and how many of them say seconds. */
export interface UnitEvidence {
  seconds: number
  rows: number
}

/** What the rows say; milliseconds when no row could tell. */
export function unitOf({ seconds, rows }: UnitEvidence): DurationUnit {
  if (rows === 0) {
    return { durationUnit: 'ms', evidence: 'no row could tell: taken as milliseconds' }
  }
  const durationUnit = seconds * 2 > rows ? 's' : 'ms'
  const agreeing = durationUnit === 's' ? seconds : rows - seconds
  const words = durationUnit === 's' ? 'seconds' : 'milliseconds'
  const evidence = `End − Start agrees with ${words} in ${agreeing} of ${rows} rows looked at`
  return { durationUnit, evidence }
}

/** Adds the rows of some rows (Start, its ms, End, its ms, duration); true when there are enough. */
export function addEvidence(
  count: UnitEvidence,
  columns: readonly Float64Array[],
  rows: number,
): boolean {
  const [start, startPart, end, endPart, duration] = columns
  for (let i = 0; i < rows; i++) {
    // A time that is not known is no number or far below zero; NaN can tell nothing.
    if (!(start[i] > 0 && end[i] > 0 && duration[i] > 0 && duration[i] < Infinity)) continue
    const span = withPart(end[i], endPart[i]) - withPart(start[i], startPart[i])
    if (!(span > LEAST_SPAN_MS)) continue
    if (Math.abs(duration[i] * 1000 - span) < Math.abs(duration[i] - span)) count.seconds++
    if (++count.rows === VOTES) return true
  }
  return false
}

/** The unit of a log's durations by its first rows: columns as USED_COLUMNS has them. */
export function inferUnit(
  columns: readonly Float64Array[],
  rows: number,
): DurationUnit & UnitEvidence {
  const count: UnitEvidence = { seconds: 0, rows: 0 }
  addEvidence(count, columns.slice(2, 7), rows)
  return { ...unitOf(count), ...count }
}
