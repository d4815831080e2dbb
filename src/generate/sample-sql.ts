// The SQL of a synthetic XDR file: the same seed gives the same rows with any number of threads.
import { assert } from '../errors.ts'
import { FILE_COLUMNS, USED_COLUMNS } from '../record/columns.ts'
import { unusedByName, unusedColumns } from './unused-columns.ts'
import { dirtColumns, dirty } from './dirt.ts'
import { drawsOf, layer } from './draws.ts'
import { startColumns, subscriberColumns } from './subscribers.ts'
import { sessionColumns, trafficByName, trafficColumns } from './session.ts'

/** Size and content of a synthetic file. */
export interface SampleOptions {
  /** Rows of the file, including its footer. */
  rows: number
  /** Subscribers that may appear; with few rows per subscriber some do not. */
  subscribers: number
  /** Days over which sessions start. */
  days: number
  seed: number
  /** Share of faulty rows, 0 to 1; above 0 the file has a footer, too. */
  dirt: number
}

/** Number of rows from which the means in the footer are computed. */
const FOOTER_SAMPLE = 20_000

/** Real bearers are about 1.3e19: beyond 2^63, where doubles are 2048 apart. */
const FIRST_BEARER = 1.304e19
const BEARER_STEP = 2048

/** The needed numbers that a fault may replace, in the order of columns. */
const NUMBERS = USED_COLUMNS.filter((name) => name === 'Dur. (ms)' || name.endsWith('(Bytes)'))

/**
 * A SELECT of the 55 columns in file order, with rows in order of Start. With `dirt` above 0 the file
 * resembles real ones: faulty rows, `Dur. (ms)` in seconds, and a footer of column means as the last
 * row. It uses DuckDB's `hash`, so another version of DuckDB may give other content.
 *
 * @param numbers SQL that gives the integers from 0 to `sessionsOf(options)` − 1, in order, as column
 *   `i`; DuckDB reads a table with all threads, but the default `range` with one
 * @throws Error (an assertion) for options out of range
 */
export function generateSql(options: SampleOptions, numbers?: string): string {
  const { rows, subscribers, days, dirt } = options
  assert(Number.isSafeInteger(rows) && rows >= 1, `rows is a whole number from 1, not ${rows}`)
  assert(
    Number.isSafeInteger(subscribers) && subscribers >= 1 && subscribers <= 1e10,
    `subscribers is a whole number from 1 to 1e10, not ${subscribers}`,
  )
  assert(days > 0 && days <= 36_500, `days is above 0 and up to 36,500, not ${days}`)
  assert(dirt >= 0 && dirt <= 1, `dirt is a share from 0 to 1, not ${dirt}`)
  const sessions = sessionsOf(options)
  const step = Math.ceil(sessions / FOOTER_SAMPLE)
  const all = rowsSql(options, numbers ?? rangeSql(sessions, 1), dirt)
  if (sessions === rows) return all
  return `${all}\nUNION ALL\n${footerSql(rowsSql(options, rangeSql(sessions, step), 0))}`
}

/** Number of rows that are sessions: all rows except the footer. */
export const sessionsOf = ({ rows, dirt }: SampleOptions): number =>
  dirt === 0 || rows === 1 ? rows : rows - 1

const rangeSql = (below: number, step: number): string =>
  `SELECT i FROM range(0, ${below}, ${step}) AS numbers(i)`

/** The rows of `numbers`; `dirt` is the share of faulty ones. */
function rowsSql(options: SampleOptions, numbers: string, dirt: number): string {
  const sessions = sessionsOf(options)
  const draws = drawsOf(options.seed)
  const layers = [
    ...startColumns(draws, sessions, options.days),
    ...subscriberColumns(draws, options.subscribers),
    ...sessionColumns(draws),
    ...trafficColumns(),
    ...unusedColumns(draws),
    ...(dirt === 0 ? [] : dirtColumns(draws, dirt, NUMBERS.length)),
  ]
  const source = layers.reduce((from, columns) => layer(columns, from), numbers)
  const clean = cleanColumns(sessions, options.dirt > 0)
  const columns = FILE_COLUMNS.map(({ name, type }) => {
    const sql = clean.get(name)
    assert(sql !== undefined, `a generator for the column ${name}`)
    const place = NUMBERS.findIndex((number) => number === name)
    const value = dirt === 0 ? sql : dirty(name, sql, place === -1 ? null : place)
    return `(${value})::${type === 'number' ? 'DOUBLE' : 'VARCHAR'} AS "${name}"`
  })
  return `SELECT ${columns.join(',\n  ')}\nFROM (${source})`
}

/** SQL of every column of a row without a fault. */
function cleanColumns(sessions: number, inSeconds: boolean): Map<string, string> {
  const minute = (ms: string) => `strftime(make_timestamp(${ms} * 1000), '%-m/%-d/%Y %-H:%M')`
  return new Map([
    ...unusedByName(),
    ...trafficByName(),
    ['Bearer Id', `${FIRST_BEARER} + (bearer % ${5 * sessions})::DOUBLE * ${BEARER_STEP}`],
    ['Start', minute('start')],
    ['Start ms', 'start % 1000'],
    ['End', minute('finish')],
    ['End ms', 'finish % 1000'],
    ['Dur. (ms)', inSeconds ? 'duration // 1000' : 'duration'],
    ['MSISDN/Number', 'msisdn'],
    ['Dur. (ms).1', 'duration'],
  ])
}

/** One row of column means; half a unit is added to each sum, so that every mean has a fraction. */
function footerSql(rows: string): string {
  const identities = new Set(['Bearer Id', 'IMSI', 'MSISDN/Number', 'IMEI'])
  const columns = FILE_COLUMNS.map(({ name, type }) => {
    const mean = type === 'number' && !identities.has(name)
    const sql = mean ? `(sum("${name}") + 0.5) / count("${name}")` : 'NULL'
    return `(${sql})::${type === 'number' ? 'DOUBLE' : 'VARCHAR'} AS "${name}"`
  })
  return `SELECT ${columns.join(',\n  ')}\nFROM (${rows})`
}
