// Checks rows of a topic, before they are applied, against the units and formats that were decided.
import {
  addRow,
  createEvidence,
  DURATION_UNITS,
  foundWords,
  UNIT_WORDS,
  unitColumnsOf,
  type UnitColumns,
  type UnitEvidence,
} from '../../../src/record/duration-unit.ts'
import { shorten } from '../../../src/errors.ts'
import type { TextReading } from '../../../src/record/decode/text-reading.ts'
import { volumeFinding } from '../../../src/record/formats/volume-question.ts'
import { AUTO_UNITS, unitsText, type DecidedUnits } from '../../../src/record/source-units.ts'
import { addFirstRows, FIRST_ROWS, unreadableColumn, type FirstRows } from './first-rows.ts'
import { DECODED } from './message-format.ts'
import type { MessageRows } from './message-rows.ts'

/** Rows are checked against the decision in windows of this many. */
const WINDOW_ROWS = 1000
const CONTRADICTING_SHARE = 0.05
/** Letters of an example in a sentence. */
const MOST_SHOWN = 60
/** The duration of one row in this number is checked; of all rows where one contradicts. */
const CHECK_EVERY = 4

/** What was checked in the present windows of a log. */
export interface UnitCheck {
  /** Rows that distinguish units of durations. */
  durations: UnitEvidence
  /** Rows, and those with a text in another format. */
  rows: number
  contradicting: number
  /** From this offset on, rows may be of the topic's first ones, and are not counted yet. */
  from: number
}

/** Nothing was checked. */
export const createCheck = (from: number): UnitCheck => ({
  from,
  durations: createEvidence(),
  rows: 0,
  contradicting: 0,
})

/** What is decided of a topic, and its first rows; part of its units. */
interface Decision {
  /** Null while no row depends on it. */
  unit: DecidedUnits | null
  texts: TextReading
  first: FirstRows
}

/**
 * Checks rows before they are scaled. Returns how they contradict the decision, as a sentence; null
 * while few do.
 */
export function contradictionIn(
  { unit, texts, first }: Decision,
  rows: MessageRows,
  check: UnitCheck,
): string | null {
  const found =
    unreadableIn(first, rows, check) ??
    (unit === null
      ? null
      : (durationsIn(unit, rows, check) ??
        formatsIn(unit, texts, rows, check) ??
        volumesIn(unit, texts)))
  if (found === null) return null
  return `${found}; correct the producer, or add --force-units to read them so all the same`
}

/** More than may be unreadable in all of the first rows, whatever the others will be. */
function unreadableIn(first: FirstRows, rows: MessageRows, check: UnitCheck): string | null {
  addFirstRows(first, rows, check.from)
  return unreadableColumn(first, FIRST_ROWS)
}

function durationsIn(unit: DecidedUnits, rows: MessageRows, check: UnitCheck): string | null {
  const place = DURATION_UNITS.indexOf(unit.durationUnit)
  const contradicting = ({ rows: count, agreeing }: UnitEvidence): number => count - agreeing[place]
  const columns = unitColumnsOf(rows.columns.map(({ values }) => values))
  let seen = durationsOf(rows, columns, CHECK_EVERY)
  if (contradicting(seen) > 0) seen = durationsOf(rows, columns, 1)
  const { durations } = check
  durations.durations += seen.durations
  durations.rows += seen.rows
  seen.agreeing.forEach((count, at) => (durations.agreeing[at] += count))
  if (contradicting(durations) > WINDOW_ROWS * CONTRADICTING_SHARE) {
    const words = UNIT_WORDS[unit.durationUnit]
    return `durations were decided to be ${words} (${unit.evidence}), but ${foundWords(durations)}`
  }
  if (durations.rows >= WINDOW_ROWS) check.durations = createEvidence()
  return null
}

function durationsOf(rows: MessageRows, columns: UnitColumns, step: number): UnitEvidence {
  const evidence = createEvidence()
  for (let i = 0; i < rows.count; i += step) {
    if (rows.outcome[i] === DECODED && rows.ownUnit[i] === 0) addRow(evidence, columns, i)
  }
  return evidence
}

function formatsIn(
  unit: DecidedUnits,
  texts: TextReading,
  rows: MessageRows,
  check: UnitCheck,
): string | null {
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] === DECODED && rows.contradicts[i] === 1) check.contradicting++
  }
  check.rows += rows.count
  if (check.contradicting > WINDOW_ROWS * CONTRADICTING_SHARE) {
    return (
      `formats were decided to be ${unitsText(unit)} (${unit.evidence}), but of ${check.rows} rows ` +
      `${check.contradicting} have times or numbers in another one, such as ${shorten(texts.example, MOST_SHOWN)}`
    )
  }
  if (check.rows >= WINDOW_ROWS) check.rows = check.contradicting = 0
  return null
}

function volumesIn({ volumeUnit }: DecidedUnits, { volumes }: TextReading): string | null {
  const finding = volumeFinding(volumes, false, { ...AUTO_UNITS, volumeUnit })
  return finding.kind === 'mixed' ? finding.found : null
}
