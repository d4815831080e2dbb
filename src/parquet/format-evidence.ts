// What all texts of a file show about its formats: of dates and of numbers. Other types cost nothing.
import { identifier, literal, queryRows, type DuckDBConnection } from '../duckdb.ts'
import { PLACE, USED_COLUMNS } from '../record/columns.ts'
import type { FormatEvidence } from '../record/formats/decide-formats.ts'
import { COMMA, createNumberEvidence, GROUPED_POINT } from '../record/formats/number-format.ts'
import type { NumberEvidence } from '../record/formats/number-format.ts'
import {
  addTime,
  createTimeEvidence,
  TIME_BLANKS,
  type TimeEvidence,
} from '../record/formats/time-format.ts'
import { VOLUME_PLACES } from '../record/formats/volume-unit.ts'
import type { ParquetFile } from './files.ts'
import { readParquet } from './sql/read-parquet.ts'
import { isText } from './sql/columns.ts'

const TIMES = [PLACE.start, PLACE.end].map((place) => USED_COLUMNS[place])
const NUMBERS = USED_COLUMNS.filter(
  (column, place) => !TIMES.includes(column) && place !== PLACE.bearer && place !== PLACE.msisdn,
)

/** Reads the columns of text of a whole file, and the names of its columns. */
export async function formatEvidence(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<FormatEvidence> {
  return {
    times: await timesOf(connection, file),
    numbers: await numbersOf(connection, file),
    volumes: VOLUME_PLACES.flatMap((place) => file.columns.get(USED_COLUMNS[place]) ?? []),
  }
}

/** The canonical and the quoted names of columns of text. */
const textsOf = (file: ParquetFile, columns: readonly string[]): [string, string][] =>
  columns
    .filter((column) => isText(file, column))
    .map((column) => [column, identifier(file.columns.get(column) ?? column)])

/**
 * Day and month are within the first five characters, of which there are few different ones. All rows
 * are read, so each function counts: texts are trimmed only where some begin with a blank.
 */
async function timesOf(connection: DuckDBConnection, file: ParquetFile): Promise<TimeEvidence> {
  const evidence = createTimeEvidence()
  for (const [, name] of textsOf(file, TIMES)) {
    const daysOf = (text: string): Promise<Record<string, unknown>[]> =>
      queryRows(
        connection,
        `SELECT left(${text}, 5) AS day, count(*) AS found, trim(any_value(${name})) AS example
          FROM ${readParquet(file)} GROUP BY day ORDER BY day`,
      )
    let rows = await daysOf(name)
    const isIndented = rows.some(({ day }) => typeof day === 'string' && /^\s/.test(day))
    if (isIndented) rows = await daysOf(`trim(trim(${name}), ${literal(TIME_BLANKS)})`)
    for (const { found, example } of rows) {
      if (typeof example === 'string') addTime(evidence, example, Number(found))
    }
  }
  return evidence
}

/** All columns in one pass; the expressions are evaluated for texts with a comma or a point only. */
async function numbersOf(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<Map<string, NumberEvidence>> {
  const columns = textsOf(file, NUMBERS)
  if (columns.length === 0) return new Map()
  const kinds = columns.flatMap(([, name], at) => [
    `trim(${name}) AS x${at}`,
    `${kindOf(`trim(${name})`)} AS k${at}`,
  ])
  const counts = columns.flatMap((_, at) =>
    KINDS.flatMap((kind) => {
      const those = `FILTER (k${at} = ${literal(kind)})`
      return [
        `count(*) ${those} AS n_${kind}_${at}`,
        `any_value(x${at}) ${those} AS x_${kind}_${at}`,
      ]
    }),
  )
  const [found] = await queryRows(
    connection,
    `SELECT ${counts.join(', ')} FROM (SELECT ${kinds.join(', ')} FROM ${readParquet(file)})`,
  )
  return new Map(
    columns.map(([column], at) => {
      const evidence = createNumberEvidence()
      for (const kind of KINDS) {
        evidence[kind] = Number(found[`n_${kind}_${at}`])
        const example = found[`x_${kind}_${at}`]
        if (typeof example === 'string') evidence.examples[kind] = example
      }
      return [column, evidence]
    }),
  )
}

const KINDS = ['comma', 'point', 'either'] as const

/** SQL of what a text shows, the twin of `formatShownBy`. */
export function kindOf(text: string): string {
  const isComma = `regexp_full_match(${text}, ${literal(COMMA)})`
  const isNumber = `try_cast(${text} AS DOUBLE) IS NOT NULL`
  const isPoint = `(${isNumber} OR regexp_full_match(${text}, ${literal(GROUPED_POINT)}))`
  // A point before another number of digits than three is not a separator of thousands.
  return `CASE WHEN NOT contains(${text}, ',') AND NOT contains(${text}, '.') THEN NULL
    WHEN NOT contains(${text}, ',') AND ${text} NOT LIKE '%.___%'
    THEN CASE WHEN ${isPoint} THEN 'point' END
    WHEN ${isComma} THEN CASE WHEN ${isPoint} THEN 'either' ELSE 'comma' END
    WHEN ${isPoint} THEN 'point' END`
}
