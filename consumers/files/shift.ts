// The shift of the times of replayed files: decided once per source, and kept with its position.
import type { DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { SourceInfo } from '../../src/parquet/delivery.ts'
import type { Readable } from '../../src/parquet/rows.ts'
import { findShift, type ShiftTo } from '../../src/parquet/shift.ts'
import { unitsOf, type DecidedUnits } from '../../src/record/source-units.ts'
import type { Partition } from '../../state/partition.ts'

/**
 * The days by which the times of each file are moved. A file that was begun keeps its own; new ones
 * take that of the others, so that they stay as far apart as they are.
 *
 * @param to null: the option was not given
 * @throws PulseError `state-options` when a file was begun with another shift
 */
export async function shiftsOf(
  connection: DuckDBConnection,
  readables: readonly Readable[],
  partitions: readonly Partition[],
  to: ShiftTo | null,
  timeZone: string,
  notes: string[],
): Promise<number[]> {
  const kept = readables.map(({ file }) => {
    const begun = partitions.flatMap(({ positions }) => positions.get(file.id) ?? [])
    return begun.find(({ next }) => next > 0)
  })
  if (to === null) {
    const own = kept.map((position) => position?.shiftDays ?? 0)
    for (const [at, days] of own.entries()) {
      const { path } = readables[at].file
      if (days !== 0) notes.push(`${path}: times are shifted by ${days} days, as it was begun`)
    }
    return own
  }
  const former = kept.find((position) => position?.shiftDays !== undefined)?.shiftDays
  let days = former ?? 0
  if (former === undefined || to !== 'now') {
    const shift = await findShift(connection, readables, to, timeZone, Date.now())
    days = shift.days
    notes.push(`times are shifted by ${days} days: ${shift.lastDay} becomes ${shift.newDay}`)
  } else notes.push(`times are shifted by ${days} days, as those that were applied before`)
  return kept.map((position, at) => {
    const own = position === undefined ? days : position.shiftDays
    if (own !== undefined && (own === days || to === 'now')) return own
    throw new PulseError(
      'state-options',
      `${readables[at].file.path}: its first ${position?.next} rows were applied with times shifted ` +
        `by ${own ?? 0} days (asked for: ${days}), expected the same; leave --shift-to out, or ` +
        'replay the file into a new --state directory',
    )
  })
}

/** The units of a new source, with its shift in the words that status, page and report show. */
export function shiftedUnits(source: SourceInfo): DecidedUnits & { shiftDays?: number } {
  const units = unitsOf(source)
  const { shiftDays } = source
  if (shiftDays === undefined) return units
  return { ...units, shiftDays, evidence: `${units.evidence}; times shifted by ${shiftDays} days` }
}
