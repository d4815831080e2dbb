// Decides for `verify` in which formats each file has its texts, from counts of its own SQL.
import { queryRows, type DuckDBConnection } from '../duckdb.ts'
import type { ParquetFile } from '../parquet/files.ts'
import { AMOUNTS } from '../record/columns.ts'
import { NUMBER_FORMATS, type NumberFormat } from '../record/formats/number-format.ts'
import { TIME_FORMATS, type TimeFormat } from '../record/formats/time-format.ts'
import type { UnitOptions } from '../record/source-units.ts'
import { decideEach, type Decided, type Shown } from './decide.ts'
import { formatCountsSql, type TextCounts } from './formats-sql.ts'
import { columnOf } from './values-sql.ts'

/** The formats of a file, and why. */
export interface FileFormats {
  /** Null where no time has day and month before the year. */
  timeFormat: TimeFormat | null
  /** By column of text whose values have a comma or a point. */
  numberFormats: Record<string, NumberFormat>
  reasons: string[]
}

const TIMES = ['Start', 'End']
const NONE: TextCounts = [0, 0, 0]
const NUMBERS = [...AMOUNTS.map(({ column }) => column), 'Start ms', 'End ms']

/**
 * Decides for each file, in their order.
 *
 * @throws PulseError `input-invalid` for a file whose formats nothing decides
 */
export async function decideFormats(
  connection: DuckDBConnection,
  files: readonly ParquetFile[],
  { timeFormat, numberFormat, forceUnits: force }: UnitOptions,
): Promise<FileFormats[]> {
  const counts: Map<string, TextCounts>[] = []
  for (const file of files) counts.push(await countTexts(connection, file))
  const times = decideEach(
    {
      what: 'the order of day and month',
      values: TIME_FORMATS,
      plain: 'month-first',
      flag: '--time-format',
      asked: timeFormat === 'auto' ? null : timeFormat,
      force,
      expected: 'a day above 12 in one place only',
    },
    files.map((file, at) => {
      const [first, second, either] = sum(TIMES.map((column) => counts[at].get(column) ?? NONE))
      const evidence = `${first} times are day-first, ${second} month-first, ${either} either`
      const shows = shownBy(second, first, either, TIME_FORMATS)
      return { file, shows, evidence }
    }),
  )
  const numbers = new Map<string, (Decided<NumberFormat> | null)[]>()
  for (const column of NUMBERS) {
    if (counts.every((of) => !of.has(column))) continue
    const shown = files.map((file, at) => showNumber(file, counts[at], column))
    const decided = decideEach(
      {
        what: `the decimal separator of "${column}"`,
        values: NUMBER_FORMATS,
        plain: 'point',
        flag: '--number-format',
        asked: numberFormat === 'auto' ? null : numberFormat,
        force,
        expected: 'numbers that only one separator explains',
      },
      shown,
    )
    const isNone = (at: number): boolean => shown[at].shows === 'none'
    numbers.set(
      column,
      decided.map((one, at) => (isNone(at) ? null : one)),
    )
  }
  return files.map((_, at) => formatsOf(times[at], hasTimes(counts[at]), numbers, at))
}

const hasTimes = (counts: ReadonlyMap<string, TextCounts>): boolean =>
  sum(TIMES.map((column) => counts.get(column) ?? NONE)).some((count) => count > 0)

function formatsOf(
  time: Decided<TimeFormat>,
  isShown: boolean,
  numbers: ReadonlyMap<string, (Decided<NumberFormat> | null)[]>,
  at: number,
): FileFormats {
  const columns = [...numbers].flatMap(([column, of]) => {
    const decided = of[at]
    return decided === null ? [] : [{ column, ...decided }]
  })
  const commas = columns.filter(({ value }) => value === 'comma')
  return {
    timeFormat: isShown ? time.value : null,
    numberFormats: Object.fromEntries(columns.map(({ column, value }) => [column, value])),
    reasons: [
      ...(isShown ? [`times are ${time.value}: ${time.evidence}`] : []),
      ...commas.map(({ column, evidence }) => `decimal comma in "${column}": ${evidence}`),
    ],
  }
}

/** Counts of the columns of text, by canonical name. */
async function countTexts(
  connection: DuckDBConnection,
  file: ParquetFile,
): Promise<Map<string, TextCounts>> {
  const texts = (names: readonly string[]) =>
    names.filter((name) => {
      return columnOf(file, name, { timeFormat: null, numberFormats: {} })?.text === true
    })
  const columns = [...texts(TIMES), ...texts(NUMBERS)]
  if (columns.length === 0) return new Map()
  const [found] = await queryRows(connection, formatCountsSql(file, texts(TIMES), texts(NUMBERS)))
  return new Map(
    columns.map((column, at) => [
      column,
      [0, 1, 2].map((kind) => Number(found[`n${at}_${kind}`])) as TextCounts,
    ]),
  )
}

/** A column that cannot show it is read as the other columns of its file, if they agree. */
function showNumber(
  file: ParquetFile,
  counts: ReadonlyMap<string, TextCounts>,
  column: string,
): Shown<NumberFormat> {
  const shownIn = (name: string): Shown<NumberFormat>['shows'] => {
    const [comma, point, either] = counts.get(name) ?? NONE
    return shownBy(point, comma, either, NUMBER_FORMATS)
  }
  const [comma, point, either] = counts.get(column) ?? NONE
  const evidence = `${comma} numbers have a decimal comma, ${point} a point, ${either} either`
  const shows = shownIn(column)
  if (shows !== 'few') return { file, shows, evidence }
  const others = new Set(NUMBERS.map(shownIn).filter((one) => one === 'comma' || one === 'point'))
  const [only] = others
  return others.size === 1
    ? { file, shows: only, evidence: `as in its other columns (${evidence})` }
    : { file, shows, evidence }
}

function shownBy<T extends string>(
  first: number,
  second: number,
  either: number,
  [ofFirst, ofSecond]: readonly T[],
): Shown<T>['shows'] {
  if (first > 0 && second > 0) return 'mixed'
  if (first + second > 0) return first > 0 ? ofFirst : ofSecond
  return either > 0 ? 'few' : 'none'
}

const sum = (counts: readonly TextCounts[]): TextCounts =>
  counts.reduce<TextCounts>((a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]], [0, 0, 0])
