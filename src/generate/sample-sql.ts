// The SQL of a synthetic XDR file: the same seed gives the same rows, whatever the thread count.
import { assert } from '../errors.ts'
import { FILE_COLUMNS, USED_COLUMNS } from '../record/columns.ts'
import { besideByName, besideColumns } from './unused-columns.ts'
import { dirtColumns, dirty } from './dirt.ts'
import { drawsOf, layer } from './draws.ts'
import { startColumns, subscriberColumns } from './people.ts'
import { sessionColumns, trafficByName, trafficColumns } from './session.ts'

/** What a synthetic file is to be like. */
export interface SampleOptions {
  /** In the file, its footer included. */
  rows: number
  /** That may appear; with few rows for each, some do not. */
  subscribers: number
  /** Over which sessions start. */
  days: number
  seed: number
  /** Share of rows with something wrong, 0 to 1; above 0 the file has a footer, too. */
  dirt: number
}

/** Rows of the sample that the means in the footer are taken from. */
const FOOTER_SAMPLE = 20_000

/** A bearer looks like 1.3e19, beyond 2^63, where doubles are 2048 apart. */
const FIRST_BEARER = 1.304e19
const BEARER_STEP = 2048

/** The needed numbers that dirt may spoil, in the order of their place. */
const NUMBERS = USED_COLUMNS.filter((name) => name === 'Dur. (ms)' || name.endsWith('(Bytes)'))

/**
 * A SELECT of the 55 columns in file order, rows in order of Start. With `dirt` above 0 the file
 * is like those in the wild: spoilt rows, `Dur. (ms)` in seconds, and a footer of column means as
 * its last row. Uses DuckDB's `hash`, so another version of DuckDB may give other content.
 *
 * `numbers` gives the whole numbers from 0 below `sessionsOf(options)`, in order, as a column `i`:
 * DuckDB reads a table with all its threads, the default `range` with one.
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

/** Rows that are sessions: all but the footer. */
export const sessionsOf = ({ rows, dirt }: SampleOptions): number =>
  dirt === 0 || rows === 1 ? rows : rows - 1

const rangeSql = (below: number, step: number): string =>
  `SELECT i FROM range(0, ${below}, ${step}) AS numbers(i)`

/** The rows of `numbers`, with `dirt` as the share of spoilt ones. */
function rowsSql(options: SampleOptions, numbers: string, dirt: number): string {
  const sessions = sessionsOf(options)
  const draws = drawsOf(options.seed)
  const layers = [
    ...startColumns(draws, sessions, options.days),
    ...subscriberColumns(draws, options.subscribers),
    ...sessionColumns(draws),
    ...trafficColumns(),
    ...besideColumns(draws),
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

/** SQL of every column of a row that nothing is wrong with. */
function cleanColumns(sessions: number, inSeconds: boolean): Map<string, string> {
  const minute = (ms: string) => `strftime(make_timestamp(${ms} * 1000), '%-m/%-d/%Y %-H:%M')`
  return new Map([
    ...besideByName(),
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

/** One row of column means; half a unit is added to each sum so that every mean has a fraction. */
function footerSql(rows: string): string {
  const identities = new Set(['Bearer Id', 'IMSI', 'MSISDN/Number', 'IMEI'])
  const columns = FILE_COLUMNS.map(({ name, type }) => {
    const mean = type === 'number' && !identities.has(name)
    const sql = mean ? `(sum("${name}") + 0.5) / count("${name}")` : 'NULL'
    return `(${sql})::${type === 'number' ? 'DOUBLE' : 'VARCHAR'} AS "${name}"`
  })
  return `SELECT ${columns.join(',\n  ')}\nFROM (${rows})`
}
