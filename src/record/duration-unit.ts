// Decides in which unit a source holds durations, from the spans between Start and End.
import { PLACE } from './columns.ts'
import { isKnownTime, withPart } from './event-time.ts'

/** The units in which a source may hold durations. */
export const DURATION_UNITS = ['ns', 'us', 'ms', 's'] as const
/** One of DURATION_UNITS. */
export type Unit = (typeof DURATION_UNITS)[number]

/** Their names in sentences. */
export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  ns: 'nanoseconds',
  us: 'microseconds',
  ms: 'milliseconds',
  s: 'seconds',
}

/** The factor and the divisor that make milliseconds of a unit: one of them is 1, both are exact. */
export const TO_MS: Readonly<Record<Unit, { times: number; per: number }>> = {
  ns: { times: 1, per: 1_000_000 },
  us: { times: 1, per: 1000 },
  ms: { times: 1, per: 1 },
  s: { times: 1000, per: 1 },
}

/** The milliseconds of a duration. */
export const millisecondsOf = (duration: number, unit: Unit): number =>
  (duration * TO_MS[unit].times) / TO_MS[unit].per

/** The unit of a source's durations. */
export interface DurationUnit {
  durationUnit: Unit
  /** A phrase on how the unit was found. */
  evidence: string
}

/** What rows show about the unit. */
export interface UnitEvidence {
  /** Rows with a positive duration. Without any, the unit makes no difference. */
  durations: number
  /** Rows that can show it: their times are known, and the units differ measurably. */
  rows: number
  /** Of these, the rows that agree with each unit, in the order of DURATION_UNITS. */
  agreeing: number[]
}

/** No rows. */
export const createEvidence = (): UnitEvidence => ({
  durations: 0,
  rows: 0,
  agreeing: DURATION_UNITS.map(() => 0),
})

/** The columns that are evidence of the unit, by their key in PLACE. */
export const UNIT_COLUMNS = ['start', 'startMs', 'end', 'endMs', 'duration'] as const

/** Values of these columns: times in UTC milliseconds, the duration as the source has it. */
export type UnitColumns = Record<(typeof UNIT_COLUMNS)[number], Float64Array>

/** The values of UNIT_COLUMNS, each read by `valuesOf`. */
export const unitColumns = (
  valuesOf: (key: keyof UnitColumns, at: number) => Float64Array,
): UnitColumns =>
  Object.fromEntries(UNIT_COLUMNS.map((key, at) => [key, valuesOf(key, at)])) as UnitColumns

/** The values of UNIT_COLUMNS of rows with a column for each of USED_COLUMNS. */
export const unitColumnsOf = (columns: readonly Float64Array[]): UnitColumns =>
  unitColumns((key) => columns[PLACE[key]])

const MINUTE_MS = 60_000
const SECOND_MS = 1000
/** The most by which a duration may differ from the span, as a share of the span. */
const SHARE = 0.01

/** Whether a time lacks its seconds; it may have milliseconds. */
const isWholeMinute = (time: number): boolean => time % MINUTE_MS < SECOND_MS

/** Adds row `i` to the evidence. */
export function addRow(evidence: UnitEvidence, columns: UnitColumns, i: number): void {
  const duration = columns.duration[i]
  if (!(duration > 0 && duration < Infinity)) return
  evidence.durations++
  if (!isKnownTime(columns.start[i]) || !isKnownTime(columns.end[i])) return
  const start = withPart(columns.start[i], columns.startMs[i])
  const end = withPart(columns.end[i], columns.endMs[i])
  if (end < start) return
  // Times without seconds leave the span up to a minute off; others are exact.
  const isVague = isWholeMinute(start) && isWholeMinute(end)
  const tolerance = isVague ? MINUTE_MS : Math.max(SECOND_MS, (end - start) * SHARE)
  let agreeing = -1
  for (let unit = 0; unit < DURATION_UNITS.length; unit++) {
    const ms = millisecondsOf(duration, DURATION_UNITS[unit])
    if (Math.abs(ms - (end - start)) > tolerance) continue
    // The row agrees with two units, so it cannot show it them apart.
    if (agreeing >= 0) return
    agreeing = unit
  }
  // A row that agrees with no unit contradicts all, unless they hardly differ.
  if (agreeing < 0 && millisecondsOf(duration, 's') <= 2 * tolerance) return
  evidence.rows++
  if (agreeing >= 0) evidence.agreeing[agreeing]++
}

/** Adds the first `rows` rows to the evidence. */
export function addRows(evidence: UnitEvidence, columns: UnitColumns, rows: number): void {
  for (let i = 0; i < rows; i++) addRow(evidence, columns, i)
}

/** Rows that can show it from which on a few may disagree. */
export const MANY_ROWS = 20
/** The fewest rows that distinguish units, which then all have to agree. */
export const FEWEST_ROWS = 3
/** The share of many rows that has to agree. */
export const AGREEING_SHARE = 0.95

/**
 * What evidence amounts to: a unit; nothing to decide, because no row has a duration; too few rows
 * that can show it (`unknown`), rows that agree with no unit (`unclear`), or rows of two units.
 */
export type UnitFinding =
  | { kind: 'unit'; unit: DurationUnit }
  | { kind: 'none' | 'unknown' | 'unclear' | 'mixed'; found: string }

/** The unit that evidence shows. */
export function findUnit(evidence: UnitEvidence): UnitFinding {
  const { durations, rows, agreeing } = evidence
  if (durations === 0) return { kind: 'none', found: 'no row has a duration' }
  const best = agreeing.indexOf(Math.max(...agreeing))
  const unit = DURATION_UNITS[best]
  const needed = rows >= MANY_ROWS ? rows * AGREEING_SHARE : Math.max(rows, FEWEST_ROWS)
  if (agreeing[best] >= needed) {
    const share = `${agreeing[best]} of ${rows}`
    const phrase = `End − Start agrees with ${UNIT_WORDS[unit]} in ${share} rows that distinguish units`
    return { kind: 'unit', unit: { durationUnit: unit, evidence: phrase } }
  }
  const found = foundWords(evidence)
  const second = Math.max(...agreeing.filter((_, at) => at !== best))
  if (second >= FEWEST_ROWS && second > rows * (1 - AGREEING_SHARE)) return { kind: 'mixed', found }
  return { kind: rows < MANY_ROWS ? 'unknown' : 'unclear', found }
}

/** The counts in words: `12 rows can show it: 7 agree with seconds, 5 with no unit`. */
export function foundWords({ rows, agreeing }: UnitEvidence): string {
  if (rows === 0) return 'no row distinguishes units'
  const none = rows - agreeing.reduce((sum, count) => sum + count, 0)
  const parts = DURATION_UNITS.flatMap((unit, at) =>
    agreeing[at] === 0 ? [] : [`${agreeing[at]} agree with ${UNIT_WORDS[unit]}`],
  )
  if (none > 0) parts.push(`${none} with no unit`)
  return `of ${rows} rows that distinguish units ${parts.join(', ')}`
}
