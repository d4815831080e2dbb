// Decides the formats of sources, files or a topic: order of day and month, numbers, volumes.
import { decideAll, type Decision, type Finding } from '../decide-units.ts'
import { AUTO_UNITS, unitsOf } from '../source-units.ts'
import type { KnownSource, SourceUnits, UnitOptions } from '../source-units.ts'
import { numberFinding, numberQuestion, timeFinding, timeQuestion } from './format-questions.ts'
import type { NumberEvidence, NumberFormat } from './number-format.ts'
import type { TimeEvidence, TimeFormat } from './time-format.ts'
import { volumeFinding, volumeQuestion } from './volume-question.ts'

/** What the values and columns of a source show. */
export interface FormatEvidence {
  times: TimeEvidence
  /** By canonical name of a column with text. */
  numbers: ReadonlyMap<string, NumberEvidence>
  /** The names of its columns of volumes. */
  volumes: Iterable<string>
}

/** A source to decide for. */
export interface FormatSource extends FormatEvidence {
  /** Its name in sentences, and that of its columns, as in `Candidate`. */
  name: string
  columns: string
}

/** Whether anything of a source depends on its formats. */
export const isShown = (
  { times, numbers, volumes }: FormatEvidence,
  { volumeUnit }: UnitOptions,
): boolean =>
  timeFinding(times).kind !== 'none' ||
  [...numbers.values()].some((evidence) => numberFinding(evidence).kind !== 'none') ||
  (volumeUnit !== null && volumeUnit !== 'bytes') ||
  volumeFinding(volumes, false, AUTO_UNITS).kind === 'unclear'

/** Whether more values may show what these do not. */
export const isUndecided = (
  { times, numbers }: FormatEvidence,
  { timeFormat, numberFormat }: UnitOptions,
): boolean =>
  (timeFormat === 'auto' && timeFinding(times).kind === 'unknown') ||
  (numberFormat === 'auto' &&
    [...columnFindings(numbers).values()].some(({ kind }) => kind === 'unknown'))

/** The formats of a source, with phrases on why. */
export interface DecidedFormats extends Omit<SourceUnits, 'durationUnit' | 'mapped'> {
  reasons: string[]
}

/**
 * Decides for each source, in their order.
 *
 * @param known other sources of the state
 * @throws PulseError as `decideAll`
 */
export function decideFormats(
  sources: readonly FormatSource[],
  known: readonly KnownSource[],
  options: UnitOptions,
): DecidedFormats[] {
  const times = decideTimes(sources, known, options)
  const numbers = decideNumbers(sources, known, options)
  const volumes = decideVolumes(sources, known, options)
  return sources.map((_, at) => {
    const { value: volumeUnit, evidence } = volumes[at]
    const order = times[at]
    return {
      timeFormat: order?.value ?? null,
      numberFormats: Object.fromEntries(
        numbers[at].map(({ column, value }): [string, NumberFormat] => [column, value]),
      ),
      volumeUnit,
      reasons: [
        ...(order === null ? [] : [`times are ${order.value}: ${order.evidence}`]),
        ...numberReasons(numbers[at]),
        ...(volumeUnit === 'bytes' ? [] : [`volumes are in ${volumeUnit}: ${evidence}`]),
      ],
    }
  })
}

/** Null for a source without a time whose order matters. */
function decideTimes(
  sources: readonly FormatSource[],
  known: readonly KnownSource[],
  options: UnitOptions,
): (Decision<TimeFormat> | null)[] {
  const candidates = sources.map(({ name, columns, times }) => {
    return { name, columns, finding: timeFinding(times) }
  })
  // What a former version read without evidence is not evidence.
  const others = known.flatMap(({ columns, units: { timeFormat: value } }) =>
    value === null || value === undefined ? [] : [{ columns, value }],
  )
  const decided = decideAll(timeQuestion(options), candidates, others)
  return candidates.map(({ finding }, at) => (finding.kind === 'none' ? null : decided[at]))
}

interface DecidedColumn extends Decision<NumberFormat> {
  column: string
}

/** The columns of each source whose values or option show a format. */
function decideNumbers(
  sources: readonly FormatSource[],
  known: readonly KnownSource[],
  options: UnitOptions,
): DecidedColumn[][] {
  const findings = sources.map(({ numbers }) => columnFindings(numbers))
  const decided: DecidedColumn[][] = sources.map(() => [])
  for (const column of new Set(findings.flatMap((of) => [...of.keys()]))) {
    const places = sources.flatMap((_, at) => (findings[at].has(column) ? [at] : []))
    const candidates = places.map((at) => {
      const finding = findings[at].get(column) as Finding<NumberFormat>
      return { name: sources[at].name, columns: sources[at].columns, finding }
    })
    const others = known.flatMap(({ columns, units }) => {
      const value = units.numberFormats?.[column]
      return value === undefined ? [] : [{ columns, value }]
    })
    const question = numberQuestion(column, options)
    decideAll(question, candidates, others).forEach((decision, n) => {
      const isShown = candidates[n].finding.kind !== 'none' || question.option !== null
      if (isShown) decided[places[n]].push({ column, ...decision })
    })
  }
  return decided
}

/** A column that cannot show it is read as the other columns of its source, if they agree. */
function columnFindings(
  numbers: ReadonlyMap<string, NumberEvidence>,
): Map<string, Finding<NumberFormat>> {
  const found = [...numbers].map(([column, evidence]) => {
    return { column, finding: numberFinding(evidence) }
  })
  const shown = found.flatMap(({ finding }) => (finding.kind === 'value' ? [finding.value] : []))
  const value = shown.every((one) => one === shown[0]) ? shown.at(0) : undefined
  return new Map(
    found.map(({ column, finding }) => [
      column,
      finding.kind === 'unknown' && value !== undefined
        ? { kind: 'value', value, evidence: 'as in its other columns' }
        : finding,
    ]),
  )
}

function numberReasons(columns: readonly DecidedColumn[]): string[] {
  return (['comma', 'point'] as const).flatMap((format) => {
    const those = columns.filter(({ value }) => value === format)
    if (those.length === 0) return []
    const names = those.length === 1 ? `"${those[0].column}"` : `${those.length} columns`
    return [`decimal ${format} in ${names}: ${those[0].evidence}`]
  })
}

function decideVolumes(
  sources: readonly FormatSource[],
  known: readonly KnownSource[],
  options: UnitOptions,
): Decision<SourceUnits['volumeUnit']>[] {
  const others = known.map(({ columns, units }) => {
    return { columns, value: unitsOf(units).volumeUnit }
  })
  const candidates = sources.map(({ name, columns, volumes }) => {
    const isKnown = others.some((one) => one.columns === columns)
    return { name, columns, finding: volumeFinding(volumes, isKnown, options) }
  })
  return decideAll(volumeQuestion(options), candidates, others)
}
