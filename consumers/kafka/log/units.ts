// The units of a topic: decided once for all partitions, before the first row that depends on them.
//
// While they are not decided, what is fetched is only looked at: each log has a place up to which it
// was looked at (`peek`), ahead of its position, which stays. With the decision the logs are fetched
// again from their positions. Afterwards rows are checked against the decision.
import { PulseError } from '../../../src/errors.ts'
import { UNREADABLE } from '../../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import { decideAll } from '../../../src/record/decide-units.ts'
import { durationFinding, durationQuestion } from '../../../src/record/duration-question.ts'
import {
  addRow,
  createEvidence,
  DURATION_UNITS,
  foundWords,
  UNIT_WORDS,
  unitColumnsOf,
  type DurationUnit,
  type UnitEvidence,
} from '../../../src/record/duration-unit.ts'
import { NEEDED_COLUMNS, requireFew } from '../../../src/record/readable.ts'
import type { UnitOptions } from '../../../src/record/source-units.ts'
import { DECODED } from './message-format.ts'
import type { MessageRows } from './message-rows.ts'
import { readFrom, type LogPartition } from './partition.ts'

/** After this number of rows, or this time, units that cannot be determined end the run. */
const MOST_ROWS = 10_000
const LONGEST_MS = 60_000
/** Rows that are looked at even if fewer would do, while there are more. */
const ENOUGH_ROWS = 1000
/** Rows are checked against the decision in windows of this many that can show it. */
const WINDOW_ROWS = 1000
const NEEDED = NEEDED_COLUMNS.map((column) => USED_COLUMNS.indexOf(column))
const CONTRADICTING_SHARE = 0.05
/** One row in this number is checked, from the first row of a batch on. */
const CHECK_EVERY = 4

/** What was looked at without a decision. */
export interface Deciding {
  sinceMs: number
  rows: number
  evidence: UnitEvidence
  /** Of the first 1,000 rows, those unreadable in each of NEEDED_COLUMNS. */
  unreadable: number[]
}

/** The decision on a topic's units, and what it rests on; part of a message batch. */
export interface TopicUnits {
  topic: string
  options: UnitOptions
  /** Null until it is decided. */
  unit: DurationUnit | null
  /** Null while nothing is to be decided. */
  deciding: Deciding | null
}

/** Units that an earlier run decided, or that are to be decided. */
export const createTopicUnits = (
  topic: string,
  options: UnitOptions,
  known: DurationUnit | null,
): TopicUnits => {
  const { durationUnit: asked } = options
  if (known !== null && asked !== 'auto' && asked !== known.durationUnit) {
    throw new PulseError(
      'state-options',
      `topic ${topic}: its rows were applied with --duration-unit ${known.durationUnit} (asked ` +
        `for: ${asked}), expected the same; leave the option out, or start in another --state ` +
        'directory',
    )
  }
  return { topic, options, unit: known, deciding: null }
}

/**
 * Looks at rows that depend on a unit which is not decided. Returns false when there are none: then
 * they are to be applied.
 */
export function lookAt(
  units: TopicUnits,
  rows: MessageRows,
  log: LogPartition,
  next: number,
): boolean {
  if (units.unit !== null) return false
  if (units.deciding === null) {
    if (!hasDuration(rows)) return false
    units.deciding = {
      sinceMs: Date.now(),
      rows: 0,
      evidence: createEvidence(),
      unreadable: NEEDED.map(() => 0),
    }
  }
  const { deciding } = units
  const columns = unitColumnsOf(rows.columns.map(({ values }) => values))
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] !== DECODED || rows.ownUnit[i] === 1) continue
    if (deciding.rows++ < ENOUGH_ROWS) {
      for (const [at, place] of NEEDED.entries()) {
        if (rows.columns[place].values[i] === UNREADABLE) deciding.unreadable[at]++
      }
    }
    addRow(deciding.evidence, columns, i)
  }
  log.peek = next
  return true
}

function hasDuration({ columns, outcome, ownUnit, count }: MessageRows): boolean {
  const { values } = columns[PLACE.duration]
  for (let i = 0; i < count; i++) {
    if (outcome[i] === DECODED && ownUnit[i] === 0 && values[i] > 0) return true
  }
  return false
}

function requireReadable(topic: string, { rows, unreadable }: Deciding): void {
  for (const [at, column] of NEEDED_COLUMNS.entries()) {
    const problem = requireFew(unreadable[at], Math.min(rows, ENOUGH_ROWS))
    if (problem === null) continue
    throw new PulseError(
      'input-column',
      `topic ${topic}: the column "${column}" ${problem}; send its numbers with digits and a decimal ` +
        'point only',
    )
  }
}

/**
 * Decides when enough was looked at: all that there is, 1,000 rows, or a minute. Then the logs are
 * read from their positions.
 *
 * @param isComplete whether all logs that are assigned are loaded
 * @param mayWait false when more rows than there are now will not be waited for
 * @throws PulseError `input-invalid` when 10,000 rows, or all of a minute, do not show the unit
 */
export function decideWhenDue(
  units: TopicUnits,
  logs: ReadonlyMap<number, LogPartition>,
  { isComplete, mayWait }: { isComplete: boolean; mayWait: boolean },
  nowMs: number,
): void {
  const { deciding, topic, options } = units
  if (deciding === null) return
  const assigned = [...logs.values()].filter(({ gap }) => gap === null)
  // A log that waits for a schema may yet have the rows that show it.
  const read = assigned.filter(({ waitingFor }) => waitingFor === null)
  const waits = read.length < assigned.length
  const atEnd = read.every((log) => log.stableOffset >= 0 && readFrom(log) >= log.stableOffset)
  const isLate = deciding.rows >= MOST_ROWS || (!waits && nowMs - deciding.sinceMs >= LONGEST_MS)
  const everywhere = read.every(
    (log) => log.peek !== null || log.stableOffset === log.position.next,
  )
  const isEnough = atEnd || (everywhere && deciding.rows >= ENOUGH_ROWS)
  const finding = durationFinding(deciding.evidence)
  const decides = finding.kind === 'value' || options.durationUnit !== 'auto'
  if (!isLate && !isComplete) return
  if (!isLate && !(isEnough && decides) && !(atEnd && !mayWait && !waits)) return
  requireReadable(topic, deciding)
  const name = `topic ${topic}, ${deciding.rows} rows of it`
  const [{ value, evidence }] = decideAll(
    durationQuestion(options),
    [{ name, columns: topic, finding }],
    [],
  )
  units.unit = { durationUnit: value, evidence }
  units.deciding = null
  for (const log of logs.values()) log.peek = null
}

/**
 * Checks rows, before they are scaled, against the decision. Returns how they contradict it, as a
 * sentence; null while few do.
 */
export function contradictionIn(
  { unit, options }: TopicUnits,
  rows: MessageRows,
  checked: UnitEvidence,
): string | null {
  if (unit === null || options.forceUnits) return null
  const columns = unitColumnsOf(rows.columns.map(({ values }) => values))
  for (let i = 0; i < rows.count; i += CHECK_EVERY) {
    if (rows.outcome[i] === DECODED && rows.ownUnit[i] === 0) addRow(checked, columns, i)
  }
  const agreeing = checked.agreeing[DURATION_UNITS.indexOf(unit.durationUnit)]
  const contradicting = checked.rows - agreeing
  if (contradicting > WINDOW_ROWS * CONTRADICTING_SHARE) {
    const words = UNIT_WORDS[unit.durationUnit]
    return (
      `durations were decided to be ${words} (${unit.evidence}), but ${foundWords(checked)}; ` +
      'correct the producer, or add --force-units to read them so all the same'
    )
  }
  if (checked.rows >= WINDOW_ROWS) Object.assign(checked, createEvidence())
  return null
}
