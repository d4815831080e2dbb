// Decides how the files of a run are read, before the first row of any is applied.
import { createHash } from 'node:crypto'
import type { DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import { decideAll } from '../record/decide-units.ts'
import { durationQuestion } from '../record/duration-question.ts'
import { PLAIN_UNITS } from '../record/source-units.ts'
import type { KnownSource, SourceUnits, UnitOptions } from '../record/source-units.ts'
import { readingFiles } from './damage.ts'
import { durationEvidence } from './evidence.ts'
import type { ParquetFile } from './files.ts'
import { requireReadable } from './readable.ts'

/** How a file is read, and why. */
export interface DecidedUnits {
  units: SourceUnits
  evidence: string
}

/** The names of a file's used columns, as one short text: sources with the same one are alike. */
export const columnsId = ({ columns }: Pick<ParquetFile, 'columns'>): string =>
  createHash('sha256')
    .update(JSON.stringify([...columns]))
    .digest('hex')
    .slice(0, 16)

/**
 * Decides for all files of a run, in their order. A file that was begun is read on as it was.
 *
 * @param known the sources of the state
 * @throws PulseError `input-invalid` when a file's units cannot be determined, or contradict
 *   the options; `input-column` when a needed column cannot be read
 */
export async function decideUnits(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
  known: readonly KnownSource[],
  options: UnitOptions,
): Promise<DecidedUnits[]> {
  const begun = files.map(({ id }) => known.find((one) => one.id === id && one.next > 0))
  const open = files.filter((_, at) => begun[at] === undefined)
  const durations = []
  for (const file of open) {
    const finding = await readingFiles(connection, [file], async () => {
      await requireReadable(connection, file)
      return durationEvidence(connection, file, PLAIN_UNITS)
    })
    durations.push({ name: file.path, columns: columnsId(file), finding })
  }
  const others = known.map(({ columns, units }) => ({ columns, value: units.durationUnit }))
  const decided = decideAll(durationQuestion(options), durations, others)
  return files.map((file, at) => {
    const former = begun[at]
    if (former !== undefined) return readOn(file, former, options)
    const { value, evidence } = decided[open.indexOf(file)]
    return { units: { ...PLAIN_UNITS, durationUnit: value }, evidence }
  })
}

/** What was applied is not read again, so the rest is read in the same way. */
function readOn(file: ParquetFile, former: KnownSource, options: UnitOptions): DecidedUnits {
  const { units, evidence, next, rows } = former
  const asked = options.durationUnit
  if (asked !== 'auto' && asked !== units.durationUnit) {
    throw new PulseError(
      'state-options',
      `${file.path}: its first ${Math.min(next, rows)} rows were applied with --duration-unit ` +
        `${units.durationUnit} (asked for: ${asked}), expected the same; leave the option out, or ` +
        'replay the file into a new --state directory',
    )
  }
  return { units, evidence }
}
