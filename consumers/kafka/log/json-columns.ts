// Which needed columns the JSON messages of a topic have: JSON has no schema, and producers omit null.
//
// A column is one that the topic has as soon as one message names it; in others it is missing. While
// a message lacks a column that none has named, rows are only looked at, as while units are decided.
// Afterwards messages without it are rejected, or the topic is refused.
import { PulseError } from '../../../src/errors.ts'
import { outcomeOf } from '../../../src/record/batch.ts'
import { FRAME_BYTES } from '../../../src/kafka/schema-key.ts'
import { requiredColumns } from '../../../src/record/decode/json.ts'
import { parsedJson } from '../../../src/record/decode/json-fault.ts'
import { jsonPaths, missingColumns } from '../../../src/record/decode/json-names.ts'
import { pathText, type MappedColumns } from '../../../src/record/mapped-columns.ts'
import { DECODED, OTHER_TYPE } from './message-format.ts'
import type { MessageRows } from './message-rows.ts'
import { isLookedThrough, type LogPartition } from './partition.ts'

/** What was looked at without a decision. */
interface Looking {
  sinceMs: number
  rows: number
  /** Objects of JSON, and those of them without a known column. */
  json: number
  strange: number
  /** Paths to members of the first messages, by their text. */
  paths: Map<string, readonly string[]>
}

/** The columns of a topic's JSON messages; part of a message batch. */
export interface JsonColumns {
  topic: string
  mapped: MappedColumns
  /** Columns that some message has to name: `DecodeJson.required`. */
  required: readonly string[]
  /** A bit for each of `required` that a message has named. */
  seen: number
  /** Null while nothing is to be decided. */
  looking: Looking | null
  /** The first rows were looked at in this run. */
  decided: boolean
}

const INCOMPATIBLE = outcomeOf('incompatible-schema')
const MALFORMED = outcomeOf('malformed')
/** After this number of rows, or this time, it is decided. */
const ENOUGH_ROWS = 1000
const LONGEST_MS = 60_000
/** Fewer messages, or a smaller share of the rows, are odd rows and not the source. */
const LEAST_MESSAGES = 20
const LEAST_SHARE = 0.05
const MOST_PATHS = 200

/** The columns of a topic, of which earlier runs have seen some. */
export function createJsonColumns(
  topic: string,
  mapped: MappedColumns,
  known: readonly string[],
): JsonColumns {
  const required = requiredColumns(mapped)
  const seen = required.reduce((bits, name, at) => bits | (known.includes(name) ? 1 << at : 0), 0)
  return { topic, mapped, required, seen, looking: null, decided: false }
}

/** The names of the columns that were seen. */
export const seenNames = (columns: JsonColumns): string[] => namesOf(columns, columns.seen)

const namesOf = ({ required }: JsonColumns, bits: number): string[] =>
  required.filter((_, at) => (bits & (1 << at)) !== 0)

const allOf = ({ required }: JsonColumns): number => (1 << required.length) - 1

/**
 * Notes the columns of a batch. Returns true when it is only looked at: then its rows come again.
 */
export function lookAtColumns(
  columns: JsonColumns,
  rows: MessageRows,
  log: LogPartition,
  next: number,
  nowMs: number,
): boolean {
  let unseen = 0
  if (columns.seen !== allOf(columns)) {
    noteColumns(columns, rows)
    unseen = unseenIn(columns, rows)
  }
  if (columns.looking === null) {
    if (columns.decided || unseen === 0) return false
    columns.looking = { sinceMs: nowMs, rows: 0, json: 0, strange: 0, paths: new Map() }
  }
  addRows(columns.looking, rows)
  log.peek = next
  return true
}

/** Also for a batch whose rows are applied: what they have is kept with the position. */
export function noteColumns(columns: JsonColumns, { lacking, outcome, count }: MessageRows): void {
  const all = allOf(columns)
  for (let i = 0; i < count; i++) {
    if (outcome[i] === DECODED && lacking[i] >= 0) columns.seen |= all & ~lacking[i]
  }
}

/** The number of messages that lack a column which no message has named. */
function unseenIn({ seen }: JsonColumns, rows: MessageRows): number {
  let unseen = 0
  for (let i = 0; i < rows.count; i++) {
    if (isObject(rows, i) && (rows.lacking[i] & ~seen) !== 0) unseen++
  }
  return unseen
}

/** Whether a row is an object of JSON, with or without a known column. */
const isObject = ({ outcome, lacking }: MessageRows, i: number): boolean =>
  (outcome[i] === DECODED && lacking[i] >= 0) || (outcome[i] === MALFORMED && lacking[i] > 0)

function addRows(looking: Looking, rows: MessageRows): void {
  for (let i = 0; i < rows.count; i++) {
    if (rows.outcome[i] !== OTHER_TYPE) looking.rows++
    if (!isObject(rows, i)) continue
    looking.json++
    if (rows.outcome[i] !== DECODED) looking.strange++
    if (looking.paths.size < MOST_PATHS) {
      for (const path of pathsOf(rows, i)) looking.paths.set(pathText(path), path)
    }
  }
}

function pathsOf({ bytes, valueFrom, valueTo }: MessageRows, i: number): (readonly string[])[] {
  const isFramed = bytes[i][valueFrom[i]] === 0
  const from = valueFrom[i] + (isFramed ? FRAME_BYTES : 0)
  return jsonPaths(parsedJson(bytes[i].subarray(from, valueTo[i])))
}

/**
 * Decides when enough was looked at: every column was seen, all that there is, 1,000 rows, or a
 * minute. Then the logs are read from their positions. Returns whether nothing is to be decided.
 *
 * @param isComplete whether all logs that are assigned are loaded
 * @throws PulseError `input-column` when the topic is one of JSON without a needed column
 */
export function decideColumnsWhenDue(
  columns: JsonColumns,
  logs: ReadonlyMap<number, LogPartition>,
  isComplete: boolean,
  nowMs: number,
): boolean {
  const { looking, seen } = columns
  const all = allOf(columns)
  if (looking === null) return true
  const read = [...logs.values()].filter((log) => log.gap === null && log.waitingFor === null)
  const isDue =
    seen === all ||
    nowMs - looking.sinceMs >= LONGEST_MS ||
    (isComplete && (looking.rows >= ENOUGH_ROWS || read.every(isLookedThrough)))
  if (!isDue) return false
  const nothingApplied = [...logs.values()].every(({ position }) => position.applied === 0)
  if (seen !== all && nothingApplied) requireColumns(columns, looking)
  columns.looking = null
  columns.decided = true
  for (const log of logs.values()) log.peek = null
  return true
}

function requireColumns(columns: JsonColumns, looking: Looking): void {
  const { rows, paths, strange } = looking
  // Objects of something else are the source when most rows are.
  const json = strange > rows / 2 ? looking.json : looking.json - strange
  if (json < LEAST_MESSAGES || json <= rows * LEAST_SHARE) return
  const missing = namesOf(columns, allOf(columns) & ~columns.seen)
  throw new PulseError(
    'input-column',
    `topic ${columns.topic}: ${json} JSON messages of ${rows} rows lack needed columns: ` +
      `${missingColumns([...paths.values()], missing, columns.mapped)}; map them with --map, or give ` +
      'them these names in the producer and begin behind these messages with --from TIME',
  )
}

/** Rejects messages that lack a column which no message of the topic has named. */
export function rejectIncomplete(columns: JsonColumns, rows: MessageRows): void {
  if (columns.seen === allOf(columns)) return
  const { lacking, outcome, details } = rows
  for (let i = 0; i < rows.count; i++) {
    if (outcome[i] !== DECODED || lacking[i] <= 0) continue
    const unseen = lacking[i] & ~columns.seen
    if (unseen === 0) continue
    outcome[i] = INCOMPATIBLE
    const missing = missingColumns(pathsOf(rows, i), namesOf(columns, unseen), columns.mapped)
    details.set(i, `JSON: needed columns are in no message of the topic: ${missing}`)
  }
}
