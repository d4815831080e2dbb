// The units and formats of a topic: decided once for all partitions, before the first row that depends on them.
//
// While they are not decided, what is fetched is only looked at: each log has a place up to which it
// was looked at (`peek`), ahead of its position, which stays. With the decision the logs are fetched
// again from their positions (`unit-decision.ts`). Afterwards rows are checked against it
// (`unit-check.ts`).
import { PulseError } from '../../../src/errors.ts'
import { PLACE, USED_COLUMNS } from '../../../src/record/columns.ts'
import {
  collectFormats,
  setFormats,
  type TextReading,
} from '../../../src/record/decode/text-reading.ts'
import {
  addRow,
  createEvidence,
  unitColumnsOf,
  type UnitEvidence,
} from '../../../src/record/duration-unit.ts'
import {
  isShown,
  type DecidedFormats,
  type FormatEvidence,
} from '../../../src/record/formats/decide-formats.ts'
import {
  columnsOf,
  contradiction,
  unitsOf,
  type DecidedUnits,
  type StoredUnits,
  type UnitOptions,
} from '../../../src/record/source-units.ts'
import { addFirstRows, createFirstRows, hasFirstRows, type FirstRows } from './first-rows.ts'
import { DECODED } from './message-format.ts'
import type { MessageRows } from './message-rows.ts'
import type { LogPartition } from './partition.ts'

/** What was looked at without a decision. */
export interface Deciding {
  sinceMs: number
  rows: number
  evidence: UnitEvidence
  /** The topic's first rows, with those that were looked at. */
  first: FirstRows
}

/** The decision on a topic's units, and what it rests on; part of a message batch. */
export interface TopicUnits {
  topic: string
  options: UnitOptions
  /** How its texts are read, and what they show. */
  texts: TextReading
  /** Null until they are decided. */
  formats: DecidedFormats | null
  /** Null until all of it is decided. */
  unit: DecidedUnits | null
  /** Null while nothing is to be decided. */
  deciding: Deciding | null
  /** Rows that were checked for unreadable values; none before the first decision. */
  first: FirstRows
}

/**
 * Units that an earlier run decided, or that are to be decided.
 *
 * @throws PulseError `state-options` for an option that contradicts the earlier run
 */
export const createTopicUnits = (
  topic: string,
  options: UnitOptions,
  known: StoredUnits | null,
  texts: TextReading,
): TopicUnits => {
  const found = known === null ? null : contradiction(known, options)
  if (found !== null) {
    throw new PulseError(
      'state-options',
      `topic ${topic}: its rows were applied with ${found.flag} ${found.former} (asked for: ` +
        `${found.asked}), expected the same; leave the option out, or start in another --state ` +
        'directory',
    )
  }
  const unit = known === null ? null : withOptions(unitsOf(known), options)
  if (unit === null) collectFormats(texts)
  else setFormats(texts, unit)
  return { topic, options, texts, formats: null, unit, deciding: null, first: createFirstRows() }
}

/** An option sets what no row has shown so far. */
export function withOptions(
  unit: DecidedUnits,
  { timeFormat, numberFormat, recordTypes = unit.recordTypes }: UnitOptions,
): DecidedUnits {
  return {
    ...unit,
    ...columnsOf({ ...unit, recordTypes }),
    timeFormat: timeFormat === 'auto' ? unit.timeFormat : timeFormat,
    numberFormats:
      numberFormat === 'auto'
        ? unit.numberFormats
        : {
            ...Object.fromEntries(USED_COLUMNS.map((one) => [one, numberFormat])),
            ...unit.numberFormats,
          },
  }
}

/** Nothing was looked at. */
export const startDeciding = ({ first }: TopicUnits, sinceMs: number): Deciding => ({
  sinceMs,
  rows: 0,
  evidence: createEvidence(),
  first: { ...first, unreadable: [...first.unreadable] },
})

/** All rows that were looked at come again. */
export function lookAgain(units: TopicUnits, nowMs: number): void {
  if (units.unit !== null) return
  if (units.texts.shown !== null) collectFormats(units.texts)
  // Decided formats are kept with the unit of durations, which is decided on the rows next.
  units.deciding = units.formats === null ? null : startDeciding(units, nowMs)
}

/** What texts show; null when their formats are decided. */
export const shownBy = ({ shown, volumes }: TextReading): FormatEvidence | null =>
  shown === null ? null : { ...shown, volumes }

/**
 * Looks at rows that depend on a unit which is not decided, and at the first rows of a topic. Returns
 * false when there are none: then they are to be applied.
 */
export function lookAt(
  units: TopicUnits,
  rows: MessageRows,
  log: LogPartition,
  next: number,
  nowMs: number,
): boolean {
  if (units.unit !== null) return false
  if (units.deciding === null) {
    const evidence = shownBy(units.texts)
    const depends = evidence !== null && isShown(evidence, units.options)
    const isBeginning = units.first.rows === 0 && hasFirstRows(units.first, rows, log.checked.from)
    if (!depends && !isBeginning && !hasDuration(rows)) return false
    units.deciding = startDeciding(units, nowMs)
  }
  const { deciding } = units
  const columns = unitColumnsOf(rows.columns.map(({ values }) => values))
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] !== DECODED) continue
    deciding.rows++
    if (rows.ownUnit[i] === 0) addRow(deciding.evidence, columns, i)
  }
  addFirstRows(deciding.first, rows, log.checked.from)
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
