// Scans JSON messages for the columns of an XDR, with names learnt from messages that were parsed.
import type { DecodeRow } from '../avro.ts'
import { msisdnAt, numberAt, presenceAt, timeAt } from '../avro-bytes.ts'
import type { JsonPath } from '../json-paths.ts'
import { numberOfText, type TextReading } from '../text-reading.ts'
import { PLACE, USED_COLUMNS } from '../../columns.ts'
import { createLayout, learnNames, type Layout } from './layout.ts'
import { createScan, scanMembers, type Scan } from './members.ts'
import { afterBlanks, BYTE } from './places.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A scanner of the messages of a topic. */
export interface Scanner {
  /**
   * As DecodeRow, but false only leaves a message to the parser: then nothing is changed but the row.
   */
  scan: DecodeRow
  /** Of the message that was scanned last, 1 for each column that it names, by place. */
  seen: Uint8Array
  /** Learns the names of a message that was parsed. */
  learn: (object: object) => void
}

/** A scanner; `placeOf` gives the column of a name at the top. */
export function createScanner(
  texts: TextReading,
  paths: readonly JsonPath[],
  placeOf: Layout['placeOf'],
): Scanner {
  const layout = createLayout(paths, USED_COLUMNS.length, placeOf)
  const scan = createScan(texts)
  return {
    seen: scan.seen,
    learn: (object) => learnNames(layout, object),
    scan: (bytes, from, to, columns, row) => {
      begin(scan, bytes, to, columns, row)
      let at = hasMark(bytes, from, to) ? from + 3 : from
      at = afterBlanks(bytes, at, to)
      if (at >= to || bytes[at] !== BYTE.openObject) return false
      at = scanMembers(scan, layout.top, at + 1)
      if (at < 0 || afterBlanks(bytes, at, to) !== to || !scan.isKnown) return false
      readTexts(scan, paths)
      return true
    },
  }
}

/** Whether a byte order mark comes first. */
const hasMark = (bytes: Uint8Array, from: number, to: number): boolean =>
  to - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf

function begin(
  scan: Scan,
  bytes: Uint8Array,
  to: number,
  columns: readonly Float64Array[],
  row: number,
): void {
  if (scan.bytes !== bytes) {
    scan.bytes = bytes
    scan.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  scan.to = to
  scan.columns = columns
  scan.row = row
  scan.message++
  scan.isKnown = false
  scan.count = 0
  if (scan.spelt.length > 0) scan.spelt.length = 0
  for (let place = 0; place < columns.length; place++) {
    columns[place][row] = NaN
    scan.seen[place] = 0
    scan.pathFrom[place] = -1
  }
}

/** Reads texts in the order in which the parser does: what they show is collected. */
function readTexts(scan: Scan, paths: readonly JsonPath[]): void {
  const { found, count, pathFrom, pathTo, spelt } = scan
  for (let entry = 0; entry < 3 * count; entry += 3) {
    readText(scan, found[entry], found[entry + 1], found[entry + 2])
  }
  for (const { place } of paths) {
    if (pathFrom[place] >= 0) readText(scan, place, pathFrom[place], pathTo[place])
  }
  for (const { name, at } of spelt) {
    const { path, found: names } = name.ends[at]
    path.found = names
  }
}

function readText(scan: Scan, place: number, from: number, to: number): void {
  const { bytes, texts, columns, row } = scan
  let value: number
  if (place === PLACE.bearer) value = presenceAt(bytes, from, to)
  else if (place === PLACE.msisdn) value = msisdnAt(bytes, from, to)
  else if (place === PLACE.start || place === PLACE.end) value = timeAt(bytes, from, to, texts)
  else if (texts.shown === null) value = numberAt(bytes, from, to, texts, place)
  // All texts are evidence, those that are read without a text too.
  else value = numberOfText(utf8.decode(bytes.subarray(from, to)), place, texts)
  columns[place][row] = value
}
