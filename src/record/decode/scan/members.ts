// Writes the wanted values of one JSON message into columns, straight from its bytes.
//
// The scan reads messages of the usual shape only, and every byte of them. Whatever is unusual is left
// to the parser: invalid bytes, names that are new or have an escape, two names for one column,
// a text with an escape or an object where a value is wanted. So there is one set of rules for odd messages.
import { UNREADABLE } from '../../batch.ts'
import { PLACE, USED_COLUMNS } from '../../columns.ts'
import { instantOf, instantOfDigits, isNanoseconds } from '../../numeric-time.ts'
import { real } from '../avro-bytes.ts'
import type { TextReading } from '../text-reading.ts'
import { HALF_WORD, USE, WORD, type Level, type Name } from './layout.ts'
import { readNumber } from './numbers.ts'
import { afterBlanks, afterPlainText, afterValue, afterWord, BYTE, ODD } from './places.ts'

/** A scan of one message; reused for the next one. */
export interface Scan {
  texts: TextReading
  bytes: Uint8Array
  /** Of the same bytes. */
  view: DataView
  to: number
  columns: readonly Float64Array[]
  row: number
  /** Number of the message; a mark with another number is of an earlier one. */
  message: number
  marks: number[]
  /** 1 where the message names a column, by place. */
  seen: Uint8Array
  /** Whether a name is that of a column. */
  isKnown: boolean
  /** Texts of columns found by name: place, first byte and end of each, in their order. */
  found: Int32Array
  count: number
  /** The same of columns that paths lead to: first byte and end by place, -1 for no text. */
  pathFrom: Int32Array
  pathTo: Int32Array
  /** Paths that a message spells in another way. */
  spelt: { name: Name; at: number }[]
  number: { value: number }
}

const COLUMNS = USED_COLUMNS.length
/** The greatest byte of a blank. */
const BLANK = 0x20
const letters = new TextDecoder('latin1')

/** A scan without a message. */
export const createScan = (texts: TextReading): Scan => ({
  texts,
  ...{ bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)), to: 0 },
  ...{ columns: [], row: 0, message: 0, marks: [] },
  ...{ seen: new Uint8Array(COLUMNS), isKnown: false },
  ...{ found: new Int32Array(3 * COLUMNS), count: 0 },
  ...{ pathFrom: new Int32Array(COLUMNS), pathTo: new Int32Array(COLUMNS) },
  ...{ spelt: [], number: { value: 0 } },
})

/** Reads the members of an object, from the place after its brace. Returns the place after it, or ODD. */
export function scanMembers(scan: Scan, level: Level, from: number): number {
  const { bytes, view, to } = scan
  const { sizes, uses, columns, known } = level
  let at = afterBlanks(bytes, from, to)
  if (at < to && bytes[at] === BYTE.closeObject) return at + 1
  let name = 0
  let knownNames = 0
  for (;;) {
    name = findName(view, at, to, level, name)
    if (name < 0) return ODD
    knownNames |= known[name]
    at += sizes[name]
    if (at >= to) return ODD
    // Blanks are looked for where they are only: most messages have none.
    if (bytes[at] <= BLANK) at = afterBlanks(bytes, at, to)
    const use = uses[name]
    if (use === USE.skip) at = afterValue(bytes, at, to, 0)
    else if (use === USE.column) at = readColumn(scan, columns[name], at)
    else at = use === USE.path ? readPaths(scan, level.names[name], at) : ODD
    if (at < 0 || at >= to) return ODD
    if (bytes[at] <= BLANK) at = afterBlanks(bytes, at, to)
    const byte = at < to ? bytes[at] : 0
    at++
    if (byte !== BYTE.comma) {
      if (knownNames > 0) scan.isKnown = true
      return byte === BYTE.closeObject ? at : ODD
    }
    if (at < to && bytes[at] <= BLANK) at = afterBlanks(bytes, at, to)
    name++
  }
}

/** The name at a place, the expected one first, then those after it; -1 for none that is known. */
function findName(
  view: DataView,
  from: number,
  to: number,
  level: Level,
  expected: number,
): number {
  const { words, starts, sizes } = level
  const count = sizes.length
  let name = expected < count ? expected : 0
  for (let tried = 0; tried < count; tried++) {
    const size = sizes[name]
    if (from + size <= to && isName(view, from, size, words, starts[name])) return name
    name = name + 1 === count ? 0 : name + 1
  }
  return -1
}

function isName(
  view: DataView,
  from: number,
  size: number,
  words: Float64Array,
  start: number,
): boolean {
  const last = from + size - WORD
  let word = start
  for (let at = from; at < last; at += WORD) {
    if (view.getFloat64(at, true) !== words[word++]) return false
  }
  if (size >= WORD) return view.getFloat64(last, true) === words[word]
  const isBegin = view.getInt32(from, true) === words[start]
  return isBegin && view.getInt32(from + size - HALF_WORD, true) === words[start + 1]
}

/** Reads the value of a column that is found by its name. */
function readColumn(scan: Scan, column: number, from: number): number {
  const { marks, message, found } = scan
  if (marks[column] === message) return ODD
  marks[column] = message
  scan.seen[column] = 1
  if (from < scan.to && scan.bytes[from] === BYTE.quote) {
    const after = afterPlainText(scan.bytes, from + 1, scan.to)
    const entry = 3 * scan.count++
    found[entry] = column
    found[entry + 1] = from + 1
    found[entry + 2] = after - 1
    return after
  }
  return readPlain(scan, column, from)
}

/** Reads the value that paths lead to, or the object that they lead through. */
function readPaths(scan: Scan, name: Name, from: number): number {
  const { marks, message, bytes, to } = scan
  for (const mark of name.marks) {
    if (marks[mark] === message) return ODD
    marks[mark] = message
  }
  if (from >= to) return ODD
  if (name.level !== null) {
    return bytes[from] === BYTE.openObject ? scanMembers(scan, name.level, from + 1) : ODD
  }
  const isText = bytes[from] === BYTE.quote
  let after = isText ? afterPlainText(bytes, from + 1, to) : ODD
  for (const [at, { path, found }] of name.ends.entries()) {
    scan.seen[path.place] = 1
    scan.pathFrom[path.place] = isText ? from + 1 : -1
    scan.pathTo[path.place] = after - 1
    if (found !== null) scan.spelt.push({ name, at })
    if (!isText) after = readPlain(scan, path.place, from)
  }
  scan.isKnown = true
  return after
}

/** Reads a number, true, false or null into a column. */
function readPlain(scan: Scan, column: number, from: number): number {
  const { bytes, to, number } = scan
  const byte = from < to ? bytes[from] : 0
  const isTime = column === PLACE.start || column === PLACE.end
  let after: number
  let value: number
  if (byte === BYTE.minus || (byte >= BYTE.zero && byte <= BYTE.nine)) {
    after = readNumber(bytes, from, to, number)
    if (column === PLACE.bearer) value = 1
    else value = isTime ? timeOf(scan, from, after) : real(number.value)
  } else {
    after = afterWord(bytes, from, to)
    if (byte === BYTE.letterN) value = NaN
    else if (column === PLACE.bearer) value = 1
    else if (isTime) value = UNREADABLE
    else value = byte === BYTE.letterT ? 1 : 0
  }
  scan.columns[column][scan.row] = value
  return after
}

/** The time of the number that was read last, by its digits where a float64 does not hold them. */
function timeOf({ bytes, number, texts }: Scan, from: number, after: number): number {
  if (!isNanoseconds(number.value) || after < 0) return instantOf(number.value, texts.clock)
  const digits = letters.decode(bytes.subarray(from, after))
  return instantOfDigits(digits, texts.clock) ?? instantOf(number.value, texts.clock)
}
