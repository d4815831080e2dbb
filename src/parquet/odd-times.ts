// Times whose texts are not spelt in the usual way, which the query over the rows leaves out.
//
// Such texts are few and repeat: remarks, errors of a spreadsheet, dates of another program.
// DuckDB reads each once, with the expression that it would have for all rows.
import { connectBeside, literal, queryRows, type DuckDBConnection } from '../duckdb.ts'
import { textAt, textsOf, type Chunk } from '../chunks.ts'
import { isMissing } from '../record/decode/text.ts'
import { anyTime, type Reading, type SpeltTime } from './sql/columns.ts'

/** The texts that were read, and what they are: UTC ms or UNREADABLE. */
export interface OddTimes {
  /** Runs a query while the rows are read by another one. */
  connection: DuckDBConnection
  reading: Reading
  known: Map<string, number>
  /** Queries so far. */
  queries: number
}

/**
 * Texts of one chunk, and queries, from which on the expression for all rows costs less: a query
 * costs as much as the expression costs for some 100,000 rows.
 */
const [MOST_TEXTS, MOST_QUERIES] = [256, 16]
/** Longer texts, and more, are not kept. */
const [MOST_LETTERS, MOST_KNOWN] = [64, 10_000]

/** Nothing is read yet; the caller closes the connection. */
export async function openOddTimes(
  connection: DuckDBConnection,
  reading: Reading,
): Promise<OddTimes> {
  const beside = await connectBeside(connection)
  return { connection: beside, reading, known: new Map(), queries: 0 }
}

/**
 * Writes the odd times of a chunk into its columns.
 *
 * @param spelt the times, whose texts are in the columns of the chunk from `first` on
 * @returns false when there are too many: nothing is written then
 */
export async function writeOddTimes(
  odd: OddTimes,
  chunk: Chunk,
  columns: readonly Float64Array[],
  spelt: readonly SpeltTime[],
  first: number,
): Promise<boolean> {
  const found = spelt.flatMap(({ place }, at) => oddOf(chunk, columns[place], first + at))
  const unread = new Set(found.flatMap(({ text }) => (odd.known.has(text) ? [] : [text])))
  if (unread.size > MOST_TEXTS || odd.queries >= MOST_QUERIES) return false
  if (unread.size > 0) await read(odd, [...unread])
  for (const { values, row, text } of found) values[row] = odd.known.get(text) ?? NaN
  for (const text of unread) {
    if (text.length > MOST_LETTERS || odd.known.size > MOST_KNOWN) odd.known.delete(text)
  }
  return true
}

interface OddText {
  values: Float64Array
  row: number
  text: string
}

function oddOf(chunk: Chunk, values: Float64Array, column: number): OddText[] {
  const found: OddText[] = []
  let texts = null
  for (let row = 0; row < values.length; row++) {
    if (values[row] === values[row]) continue
    texts ??= textsOf(chunk, column)
    const text = textAt(texts, row)
    if (text !== null && !isMissing(text)) found.push({ values, row, text })
  }
  return found
}

async function read(odd: OddTimes, texts: readonly string[]): Promise<void> {
  odd.queries++
  const rows = texts.map((text, at) => `(${at}, ${exactLiteral(text)})`)
  const sql = `SELECT place, ${anyTime('spelling', odd.reading)} AS time
    FROM (VALUES ${rows.join(', ')}) AS odd(place, spelling)`
  for (const { place, time } of await queryRows(odd.connection, sql)) {
    odd.known.set(texts[Number(place)], time === null ? NaN : Number(time))
  }
}

/** A query ends at a NUL. */
const exactLiteral = (text: string): string => text.split('\0').map(literal).join(' || chr(0) || ')
