// Decides for `verify` in which units and formats each file has its values, from counts of its own SQL.
//
// Neither the state nor the code that decides for a replay takes part.
import { queryRows, type DuckDBConnection } from '../duckdb.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { pathOf } from '../parquet/placed-columns.ts'
import { arrowDurations, pathKey } from '../parquet/sql/arrow-durations.ts'
import type { SourceUnits, UnitOptions } from '../record/source-units.ts'
import { decideEach, type Shown } from './decide.ts'
import { decideFormats, type FileFormats } from './formats.ts'
import { durationCountsSql, UNIT_NAMES, UNITS, type DurationUnit } from './units-sql.ts'

/** The numbers of `durationCountsSql`. */
export type DurationCounts = Record<'rows' | 'durations' | 'distinguishing' | DurationUnit, number>

/** How the values of a file are read, and why. */
export interface FileUnits {
  units: SourceUnits
  evidence: string
  counts: DurationCounts
}

/** Fewer distinguishing rows than this decide nothing. */
const FEWEST = 3
/** From this many rows on 5 % may disagree. */
const MANY = 20
const AGREEING = 0.95

interface ShownDuration extends Shown<DurationUnit> {
  counts: DurationCounts
}

/**
 * Decides for each file, in their order: by its type, else by its rows, else by the option, else by
 * like files.
 *
 * @throws PulseError `input-invalid` for a file whose unit nothing decides
 */
export async function decideUnits(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
  timeZone: string,
  options: UnitOptions,
): Promise<FileUnits[]> {
  const formats = await decideFormats(connection, files, options)
  const shown: ShownDuration[] = []
  for (const [at, file] of files.entries()) {
    shown.push(await show(connection, file, formats[at], timeZone))
  }
  const decided = decideEach(
    {
      what: 'the unit of "Dur. (ms)"',
      values: UNITS,
      plain: 'ms',
      flag: '--duration-unit',
      asked: options.durationUnit === 'auto' ? null : options.durationUnit,
      force: options.forceUnits,
      expected: `one that agrees with ${100 * AGREEING} % of the rows that distinguish units`,
    },
    shown,
  )
  const { volumeUnit, mapped } = options
  return files.map((_, at) => {
    const { reasons, ...format } = formats[at]
    const evidence = [
      decided[at].evidence,
      ...reasons,
      ...(volumeUnit === null ? [] : [`volumes: set by --volume-unit ${volumeUnit}`]),
    ].join('; ')
    const units = {
      durationUnit: decided[at].value,
      volumeUnit: volumeUnit ?? 'bytes',
      mapped,
      ...format,
    }
    return { units, evidence, counts: shown[at].counts }
  })
}

async function show(
  connection: DuckDBConnection,
  file: ParquetFile,
  formats: FileFormats,
  timeZone: string,
): Promise<ShownDuration> {
  const [row] = await queryRows(connection, durationCountsSql(file, formats, timeZone))
  const counts = Object.fromEntries(
    Object.entries(row).map(([name, count]) => [name, Number(count)]),
  ) as DurationCounts
  const own = await ownUnit(connection, file)
  if (own !== null) return { file, counts, ...own }
  if (counts.durations === 0) {
    return { file, counts, shows: 'none', evidence: 'no row has a duration' }
  }
  return { file, counts, shows: shownBy(counts), evidence: countsText(counts) }
}

function shownBy(counts: DurationCounts): ShownDuration['shows'] {
  const { distinguishing } = counts
  const [best, second] = [...UNITS].sort((a, b) => counts[b] - counts[a])
  const needed =
    distinguishing < MANY ? Math.max(distinguishing, FEWEST) : distinguishing * AGREEING
  if (counts[best] >= needed) return best
  if (counts[second] >= FEWEST && counts[second] > distinguishing * (1 - AGREEING)) return 'mixed'
  return distinguishing < MANY ? 'few' : 'unclear'
}

/** The unit of a column whose type is a duration. */
async function ownUnit(
  connection: DuckDBConnection,
  { types, columns, nested, data }: ParquetFile,
): Promise<Pick<ShownDuration, 'shows' | 'evidence'> | null> {
  const type = types.get('Dur. (ms)') ?? ''
  if (type === 'INTERVAL' || type === 'TIME') {
    return { shows: 'us', evidence: `its type is ${type}` }
  }
  if (type !== 'BIGINT') return null
  const path = pathOf(columns.get('Dur. (ms)') ?? '', nested)
  const unit = (await arrowDurations(connection, data)).get(pathKey(path))
  if (unit === undefined) return null
  return { shows: unit, evidence: `its Arrow type is a duration in ${UNIT_NAMES[unit]}` }
}

/** `of 300 rows that distinguish units 298 agree with seconds`. */
function countsText(counts: DurationCounts): string {
  if (counts.distinguishing === 0) return 'no row distinguishes units'
  const agreeing = UNITS.filter((unit) => counts[unit] > 0).map(
    (unit) => `${counts[unit]} agree with ${UNIT_NAMES[unit]}`,
  )
  const found = agreeing.length > 0 ? agreeing.join(', ') : 'none agrees with a unit'
  return `of ${counts.distinguishing} rows that distinguish units ${found}`
}
