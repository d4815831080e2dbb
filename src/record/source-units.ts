// How the values of a source are read: units and formats, and the options that set them.
import { DURATION_UNITS, type Unit } from './duration-unit.ts'

/** How the values of a source are read. */
export interface SourceUnits {
  durationUnit: Unit
}

/** The units of a source where nothing shows or sets others. */
export const PLAIN_UNITS: SourceUnits = { durationUnit: 'ms' }

/** Options of a run that set units of its sources; they are kept with each source's position. */
export interface UnitOptions {
  durationUnit: 'auto' | Unit
  /** Options hold against the evidence. */
  forceUnits: boolean
}

/** Everything is decided on evidence. */
export const AUTO_UNITS: UnitOptions = { durationUnit: 'auto', forceUnits: false }

/** The flags of UnitOptions and their values, as errors name them. */
export const UNIT_FLAGS = {
  durationUnit: `--duration-unit ${DURATION_UNITS.join('|')}`,
} as const

/** What was decided for a source before. */
export interface KnownSource {
  /** Of a file: the identity of its content. */
  id: string
  columns: string
  units: SourceUnits
  evidence: string
  /** Rows that were read so, of `rows`. */
  next: number
  rows: number
}
