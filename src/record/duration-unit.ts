// Decides whether a source holds durations in milliseconds, or in seconds as many real files do.
import { PLACE } from './columns.ts'
import { withPart } from './event-time.ts'

/** The most rows that are evidence: the first that distinguish the units. */
const ENOUGH_ROWS = 1000
/** Times written as text lack their seconds, so a shorter span does not distinguish the units. */
const LEAST_SPAN_MS = 120_000

/** The unit of a source's durations. */
export interface DurationUnit {
  durationUnit: 'ms' | 's'
  /** A sentence on how the unit was found. */
  evidence: string
}

/** How a source is read: logged once, and shown in the status while the source is known. */
export interface SourceNote extends DurationUnit {
  name: string
}

/** The unit that `--duration-unit` sets. */
export const requestedUnit = (durationUnit: 'ms' | 's'): DurationUnit => ({
  durationUnit,
  evidence: `set by --duration-unit ${durationUnit}`,
})

/** The number of rows that distinguish the units, and of those that agree with seconds. */
export interface UnitEvidence {
  seconds: number
  rows: number
}

/** The unit that most rows agree with; milliseconds for a tie and without rows. */
export function unitOf({ seconds, rows }: UnitEvidence): DurationUnit {
  if (rows === 0) {
    return { durationUnit: 'ms', evidence: 'no row distinguishes the units; read as milliseconds' }
  }
  const durationUnit = seconds * 2 > rows ? 's' : 'ms'
  const agreeing = durationUnit === 's' ? seconds : rows - seconds
  const words = durationUnit === 's' ? 'seconds' : 'milliseconds'
  const evidence = `End − Start agrees with ${words} in ${agreeing} of ${rows} sampled rows`
  return { durationUnit, evidence }
}

/** The columns that are evidence of the unit, by their key in PLACE. */
export const UNIT_COLUMNS = ['start', 'startMs', 'end', 'endMs', 'duration'] as const

/** Values of these columns: times in UTC milliseconds, the duration as the source has it. */
export type UnitColumns = Record<(typeof UNIT_COLUMNS)[number], Float64Array>

/** The values of UNIT_COLUMNS, each read by `valuesOf`. */
export const unitColumns = (
  valuesOf: (key: keyof UnitColumns, at: number) => Float64Array,
): UnitColumns =>
  Object.fromEntries(UNIT_COLUMNS.map((key, at) => [key, valuesOf(key, at)])) as UnitColumns

/** Adds the first `rows` rows to `count`; true once there are enough rows. */
export function addEvidence(count: UnitEvidence, columns: UnitColumns, rows: number): boolean {
  const { start, startMs, end, endMs, duration } = columns
  for (let i = 0; i < rows; i++) {
    // An unknown time is NaN or far below zero; such a row, like a NaN duration, is not evidence.
    if (!(start[i] > 0 && end[i] > 0 && duration[i] > 0 && duration[i] < Infinity)) continue
    const span = withPart(end[i], endMs[i]) - withPart(start[i], startMs[i])
    if (!(span > LEAST_SPAN_MS)) continue
    if (Math.abs(duration[i] * 1000 - span) < Math.abs(duration[i] - span)) count.seconds++
    if (++count.rows === ENOUGH_ROWS) return true
  }
  return false
}

/** The unit of a log's durations from its first rows, with a column for each of USED_COLUMNS. */
export function inferUnit(
  columns: readonly Float64Array[],
  rows: number,
): DurationUnit & UnitEvidence {
  const count: UnitEvidence = { seconds: 0, rows: 0 }
  addEvidence(
    count,
    unitColumns((key) => columns[PLACE[key]]),
    rows,
  )
  return { ...unitOf(count), ...count }
}
