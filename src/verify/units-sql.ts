// The SQL with which `verify` finds the units of a file: counts over all of its rows.
//
// A unit or format that has evidence in rows gets its own counts here; `units.ts` decides on them.
import type { ParquetFile } from '../parquet/files.ts'
import { readParquet } from '../parquet/sql/read-parquet.ts'
import { columnOf, numberOf, timeOf, type Formats } from './values-sql.ts'

/** The units of durations, with the milliseconds of one as SQL multiplies by them. */
export const UNIT_FACTORS = { s: '* 1000', ms: '* 1', us: '/ 1000', ns: '/ 1000000' } as const

/** Their names in sentences. */
export const UNIT_NAMES = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
} as const

/** A unit of durations. */
export type DurationUnit = keyof typeof UNIT_FACTORS

/** All units of durations. */
export const UNITS = Object.keys(UNIT_FACTORS) as DurationUnit[]

/**
 * One row: `rows` of the file; `durations`, rows with a duration; `distinguishing`, rows whose times
 * distinguish the units; and of these under each unit's name the rows that agree with it.
 *
 * A unit agrees with a row when the duration differs from End − Start by at most 60 s (times without
 * seconds), or by at most the larger of 1 s and 1 %. A row with which several units agree does not
 * distinguish them, nor does one with which none agrees because its duration is short in any unit.
 */
export function durationCountsSql(file: ParquetFile, formats: Formats, timeZone: string): string {
  const column = (name: string) => columnOf(file, name, formats)
  const time = (name: string): string => timeOf(column(name), column(`${name} ms`), timeZone)
  const agrees = UNITS.map(
    (unit) => `abs(duration ${UNIT_FACTORS[unit]} - span) <= most AS ${unit}`,
  )
  const agreeing = UNITS.map((unit) => `${unit}::INTEGER`).join(' + ')
  const counts = UNITS.map((unit) => `count(*) FILTER (clear AND ${unit}) AS ${unit}`)
  return `SELECT count(*) AS rows, count(*) FILTER (duration > 0) AS durations,
      count(*) FILTER (clear) AS distinguishing, ${counts.join(', ')}
    FROM (SELECT *, coalesce(duration > 0 AND span >= 0 AND
        (agreeing = 1 OR agreeing = 0 AND duration * 1000 > 2 * most), false) AS clear
      FROM (SELECT *, ${agreeing} AS agreeing
        FROM (SELECT *, ${agrees.join(', ')}
          FROM (SELECT *, ended - started AS span,
              CASE WHEN started % 60000 < 1000 AND ended % 60000 < 1000 THEN 60000
                ELSE greatest(1000, (ended - started) * 0.01) END AS most
            FROM (SELECT ${time('Start')} AS started, ${time('End')} AS ended,
                CASE WHEN isfinite(${numberOf(column('Dur. (ms)'))})
                  THEN ${numberOf(column('Dur. (ms)'))} END AS duration
              FROM ${readParquet(file)})))))`
}
