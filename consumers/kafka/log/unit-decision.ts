// Decides on the units and formats of a topic, once enough of its rows were looked at.
//
// Formats come first: durations are compared with times, which depend on them. While no row depends on
// a format, both are decided at once.
import { PulseError } from '../../../src/errors.ts'
import { decideAll } from '../../../src/record/decide-units.ts'
import { collectFormats, setFormats } from '../../../src/record/decode/text-reading.ts'
import { durationFinding, durationQuestion } from '../../../src/record/duration-question.ts'
import { decideFormats, isShown, isUndecided } from '../../../src/record/formats/decide-formats.ts'
import { columnsOf, PLAIN_UNITS } from '../../../src/record/source-units.ts'
import { FIRST_ROWS, isUncertain, unreadableColumn } from './first-rows.ts'
import { isLookedThrough, readFrom, type LogPartition } from './partition.ts'
import { shownBy, startDeciding, withOptions, type Deciding, type TopicUnits } from './units.ts'

/** After this number of rows, or this time, units that cannot be determined end the run. */
const MOST_ROWS = 10_000
const LONGEST_MS = 60_000

function requireReadable(topic: string, { first }: Deciding): void {
  const problem = unreadableColumn(first)
  if (problem === null) return
  throw new PulseError(
    'input-column',
    `topic ${topic}: ${problem}; send its numbers with digits and a decimal point only, and begin ` +
      'behind these messages with --from TIME',
  )
}

/** What is known of the logs when a decision may be due. */
export interface Progress {
  /** Whether all logs that are assigned are loaded. */
  isComplete: boolean
  /** False when more rows than there are now will not be waited for. */
  mayWait: boolean
}

/**
 * Decides when enough was looked at: all that there is, 1,000 rows, or a minute. Then the logs are
 * read from their positions; for the unit of durations they are looked at again where formats matter.
 * While no row depends on a unit, it stays undecided.
 *
 * @throws PulseError `input-invalid` when 10,000 rows, or all of a minute, do not show the units;
 *   `input-column` when the first rows are unreadable
 */
export function decideWhenDue(
  units: TopicUnits,
  logs: ReadonlyMap<number, LogPartition>,
  progress: Progress,
  nowMs: number,
): void {
  const { deciding, topic, options, texts } = units
  if (deciding === null) return
  const isDue = (decides: boolean): boolean => isTime(deciding, logs, progress, nowMs, decides)
  const evidence = shownBy(texts)
  const source = { name: `topic ${topic}, ${deciding.rows} rows of it`, columns: topic }
  if (evidence !== null && isShown(evidence, options)) {
    if (!isDue(!isUndecided(evidence, options))) return
    units.formats = decideFormats([{ ...source, ...evidence }], [], options)[0]
    setFormats(texts, units.formats)
    units.deciding = startDeciding(units, nowMs)
    for (const log of logs.values()) log.peek = null
    return
  }
  const finding = durationFinding(deciding.evidence)
  const isUnneeded = finding.kind === 'none' && units.formats === null
  const isShownBy = finding.kind === 'value' || options.durationUnit !== 'auto'
  if (!isDue(isUnneeded ? !isUncertain(deciding.first) : isShownBy)) return
  requireReadable(topic, deciding)
  endLooking(units, deciding, logs)
  if (isUnneeded) {
    // The rows come again, and add what they show again.
    collectFormats(texts)
    return
  }
  if (evidence !== null) {
    units.formats = decideFormats([{ ...source, ...evidence }], [], options)[0]
  }
  const [decided] = decideAll(durationQuestion(options), [{ ...source, finding }], [])
  const { reasons = [], ...formats } = units.formats ?? {}
  const why = [decided.evidence, ...reasons].join('; ')
  const read = { ...PLAIN_UNITS, ...formats, ...columnsOf(options) }
  const found = { ...read, durationUnit: decided.value, evidence: why }
  units.unit = withOptions(found, options)
  setFormats(texts, units.unit)
}

function endLooking(
  units: TopicUnits,
  { first }: Deciding,
  logs: ReadonlyMap<number, LogPartition>,
): void {
  units.first = first
  units.deciding = null
  for (const log of logs.values()) {
    log.checked.from = readFrom(log)
    log.peek = null
  }
}

function isTime(
  deciding: Deciding,
  logs: ReadonlyMap<number, LogPartition>,
  { isComplete, mayWait }: Progress,
  nowMs: number,
  decides: boolean,
): boolean {
  const assigned = [...logs.values()].filter(({ gap }) => gap === null)
  // A log that waits for a schema may yet have the rows that show it.
  const read = assigned.filter(({ waitingFor }) => waitingFor === null)
  const waits = read.length < assigned.length
  const atEnd = read.every(isLookedThrough)
  const isLate = deciding.rows >= MOST_ROWS || (!waits && nowMs - deciding.sinceMs >= LONGEST_MS)
  const everywhere = read.every(
    (log) => log.peek !== null || log.stableOffset === log.position.next,
  )
  const isEnough = atEnd || (everywhere && deciding.rows >= FIRST_ROWS)
  if (isLate) return true
  return isComplete && ((isEnough && decides) || (atEnd && !mayWait && !waits))
}
