// The units of volumes, their bytes, and the endings of names that state them.
import { AMOUNTS, USED_COLUMNS } from '../columns.ts'

/** The bytes of each unit. */
export const VOLUME_BYTES = {
  bytes: 1,
  KB: 1000,
  KiB: 1024,
  MB: 1_000_000,
  MiB: 1_048_576,
} as const

/** A unit of volumes. */
export type VolumeUnit = keyof typeof VOLUME_BYTES

/** All units of volumes. */
export const VOLUME_UNITS = Object.keys(VOLUME_BYTES) as VolumeUnit[]

/** Places in USED_COLUMNS of the columns that are volumes. */
export const VOLUME_PLACES: readonly number[] = AMOUNTS.filter(({ column }) =>
  column.endsWith('(Bytes)'),
).map(({ column }) => USED_COLUMNS.indexOf(column))

/**
 * Endings of names that state a unit, in lower case, and the units that agree with them; none for a
 * unit that is not read.
 */
export const VOLUME_ENDINGS: Readonly<Record<string, readonly VolumeUnit[]>> = {
  bytes: ['bytes'],
  byte: ['bytes'],
  kb: ['KB', 'KiB'],
  kib: ['KiB'],
  mb: ['MB', 'MiB'],
  mib: ['MiB'],
  ...Object.fromEntries(
    ['gb', 'gib', 'tb', 'tib', 'bit', 'bits', 'kbit', 'mbit', 'gbit'].map((other) => [other, []]),
  ),
}

/** The unit that the last word of a mapped name states: `kb` of `traffic.dl_kb` and `trafficDlKB`. */
export function statedUnit(name: string): string | null {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').split(/[^A-Za-z]+/)
  const last = words.findLast((word) => word !== '')?.toLowerCase() ?? ''
  return last in VOLUME_ENDINGS ? last : null
}
