// How the values of a source are read: units and formats, and the options that set them.
import { UNIT_WORDS, type Unit } from './duration-unit.ts'
import type { NumberFormat } from './formats/number-format.ts'
import type { TimeFormat } from './formats/time-format.ts'
import type { VolumeUnit } from './formats/volume-unit.ts'
import { mapText, type MappedColumns } from './mapped-columns.ts'

/** The format of each column whose values or option show one, by canonical name. */
export type NumberFormats = Readonly<Record<string, NumberFormat | undefined>>

/** How the values of a source are read. */
export interface SourceUnits {
  durationUnit: Unit
  /** The order of day and month before a year; null where no time has that form. */
  timeFormat: TimeFormat | null
  numberFormats: NumberFormats
  volumeUnit: VolumeUnit
  /** Columns that it has under other names. */
  mapped: MappedColumns
  /** Names of the records of a topic that are read; absent for all, and of files. */
  recordTypes?: readonly string[]
}

/** What is read of a source, and where it has its columns. */
export type SourceColumns = Pick<SourceUnits, 'mapped' | 'recordTypes'>

/** These alone; a former version knew none of them. */
export const columnsOf = ({
  mapped = {},
  recordTypes,
}: {
  [K in keyof SourceColumns]?: SourceColumns[K] | undefined
}): SourceColumns => ({
  mapped,
  ...(recordTypes === undefined ? {} : { recordTypes }),
})

/** The units of a source where nothing shows or sets others. */
export const PLAIN_UNITS: SourceUnits = {
  durationUnit: 'ms',
  timeFormat: null,
  numberFormats: {},
  volumeUnit: 'bytes',
  mapped: {},
}

/** How a source is read, and a phrase on why. */
export interface DecidedUnits extends SourceUnits {
  evidence: string
}

/** How a source is read: logged once, and shown in the status while the source is known. */
export interface SourceNote extends DecidedUnits {
  name: string
}

/** Units as a state has them: former versions knew the unit of durations only. */
export type StoredUnits = Pick<DecidedUnits, 'durationUnit' | 'evidence'> & Partial<SourceUnits>

/** The stored units alone; a former version read month before day. */
export const unitsOf = ({
  durationUnit,
  timeFormat = 'month-first',
  numberFormats = {},
  volumeUnit = 'bytes',
  evidence,
  ...columns
}: StoredUnits): DecidedUnits => ({
  durationUnit,
  timeFormat,
  numberFormats,
  volumeUnit,
  ...columnsOf(columns),
  evidence,
})

/** Columns with a decimal comma. */
export const commaColumns = ({ numberFormats }: Pick<SourceUnits, 'numberFormats'>): string[] =>
  Object.keys(numberFormats).filter((column) => numberFormats[column] === 'comma')

/** How a source is read, in words: the unit of durations and whatever is not plain. */
export function unitsText(units: SourceUnits, unit = UNIT_WORDS[units.durationUnit]): string {
  const commas = commaColumns(units)
  return [
    unit,
    ...(units.timeFormat === null ? [] : [`times ${units.timeFormat}`]),
    ...(commas.length === 0 ? [] : [`decimal comma in ${commas.join(', ')}`]),
    ...(units.volumeUnit === 'bytes' ? [] : [`volumes in ${units.volumeUnit}`]),
    ...(mapText(units.mapped) === '' ? [] : [`mapped ${mapText(units.mapped)}`]),
    ...(units.recordTypes === undefined ? [] : [`record type ${units.recordTypes.join(', ')}`]),
  ].join('; ')
}

/** Options of a run that set units of its sources; they are kept with each source's position. */
export interface UnitOptions {
  durationUnit: 'auto' | Unit
  timeFormat: 'auto' | TimeFormat
  numberFormat: 'auto' | NumberFormat
  /** Null: bytes, or what a source was begun with. */
  volumeUnit: VolumeUnit | null
  /** Columns under other names; none: known names, or what a topic was begun with. */
  mapped: MappedColumns
  /** Names of records; absent for all, or for what was asked for of a topic before. */
  recordTypes?: readonly string[]
  /** Options hold against the evidence. */
  forceUnits: boolean
}

/** Everything is decided on evidence. */
export const AUTO_UNITS: UnitOptions = {
  durationUnit: 'auto',
  timeFormat: 'auto',
  numberFormat: 'auto',
  volumeUnit: null,
  mapped: {},
  forceUnits: false,
}

/** What was decided for a source before. */
export interface KnownSource {
  /** Of a file: the identity of its content. */
  id: string
  columns: string
  units: StoredUnits
  /** Rows that were read so, of `rows`. */
  next: number
  rows: number
}

const typesOf = ({ recordTypes }: Pick<SourceUnits, 'recordTypes'>): string | undefined =>
  recordTypes?.toSorted().join(',')

/** The first option that contradicts how a source was begun, with both values; null for none. */
export function contradiction(
  stored: StoredUnits,
  options: UnitOptions,
): { flag: string; former: string; asked: string } | null {
  const { durationUnit, timeFormat, numberFormats, volumeUnit, mapped } = unitsOf(stored)
  const [formerMap, askedMap] = [mapText(mapped), mapText(options.mapped)]
  const found = [
    { flag: '--duration-unit', former: durationUnit, asked: options.durationUnit },
    { flag: '--time-format', former: timeFormat ?? 'auto', asked: options.timeFormat },
    ...Object.values(numberFormats).map((format) => {
      return { flag: '--number-format', former: format ?? 'auto', asked: options.numberFormat }
    }),
    { flag: '--volume-unit', former: volumeUnit, asked: options.volumeUnit ?? 'auto' },
    { flag: '--map', former: formerMap || 'none', asked: askedMap || 'auto' },
    { flag: '--record-type', former: typesOf(stored) ?? 'auto', asked: typesOf(options) ?? 'auto' },
  ]
  return (
    found.find(({ former, asked }) => asked !== 'auto' && former !== 'auto' && asked !== former) ??
    null
  )
}
