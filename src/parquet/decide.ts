// Decides how the files of a run are read, before the first row of any is applied.
import { createHash } from 'node:crypto'
import type { DuckDBConnection } from '../duckdb.ts'
import { PulseError } from '../errors.ts'
import { mapText } from '../record/mapped-columns.ts'
import { decideAll } from '../record/decide-units.ts'
import { durationQuestion } from '../record/duration-question.ts'
import { decideFormats, type FormatSource } from '../record/formats/decide-formats.ts'
import { contradiction, PLAIN_UNITS, unitsOf } from '../record/source-units.ts'
import type { DecidedUnits, KnownSource, UnitOptions } from '../record/source-units.ts'
import { readingFiles } from './damage.ts'
import { durationEvidence } from './evidence.ts'
import type { ParquetFile } from './files.ts'
import { formatEvidence } from './format-evidence.ts'
import { requireReadable } from './readable.ts'

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
  const sources: FormatSource[] = []
  for (const file of open) {
    const evidence = await readingFiles(connection, [file], () => formatEvidence(connection, file))
    sources.push({ name: file.path, columns: columnsId(file), ...evidence })
  }
  const formats = decideFormats(sources, known, options)
  const durations = []
  for (const [at, file] of open.entries()) {
    const units = { ...PLAIN_UNITS, ...formats[at] }
    const finding = await readingFiles(connection, [file], async () => {
      await requireReadable(connection, file, units)
      return durationEvidence(connection, file, units)
    })
    durations.push({ name: file.path, columns: columnsId(file), finding })
  }
  const others = known.map(({ columns, units }) => ({ columns, value: units.durationUnit }))
  const decided = decideAll(durationQuestion(options), durations, others)
  return files.map((file, at) => {
    const former = begun[at]
    if (former !== undefined) return readOn(file, former, options)
    const { value: durationUnit, evidence } = decided[open.indexOf(file)]
    const { reasons, ...units } = formats[open.indexOf(file)]
    const { mapped } = options
    return { ...units, durationUnit, mapped, evidence: [evidence, ...reasons].join('; ') }
  })
}

/** What was applied is not read again, so the rest is read in the same way. */
function readOn(file: ParquetFile, former: KnownSource, options: UnitOptions): DecidedUnits {
  const { units, next, rows } = former
  const applied = `${file.path}: its first ${Math.min(next, rows)} rows were applied with`
  const [formerMap, map] = [unitsOf(units), options].map(({ mapped }) => mapText(mapped) || 'none')
  if (map !== formerMap) {
    throw new PulseError(
      'state-options',
      `${applied} --map ${formerMap} (asked for: ${map}), expected the same; repeat that map, or ` +
        'replay the file into a new --state directory',
    )
  }
  const found = contradiction(units, options)
  if (found !== null) {
    throw new PulseError(
      'state-options',
      `${applied} ${found.flag} ${found.former} (asked for: ${found.asked}), expected the same; ` +
        'leave the option out, or replay the file into a new --state directory',
    )
  }
  return unitsOf(units)
}
