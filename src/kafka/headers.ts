// Headers of a record: the names that name the row of a file it was made from, and how to read one.
import { readVarint, type RecordBytes } from './varint.ts'

/** Id of the file that the record was produced from. */
export const SOURCE_HEADER = 'xdr-source'
/** Names the schema of the value, as newer clients of Confluent write it. */
export const SCHEMA_HEADER = '__value_schema_id'
/** Row number in that file. */
export const ROW_HEADER = 'xdr-row'

/**
 * Headers of a record that are read. A damaged number of them would lead through all the records that
 * follow, for each record again.
 */
const MOST_HEADERS = 1000

const countOf = (cursor: RecordBytes): number => Math.min(readVarint(cursor), MOST_HEADERS)

/** The number of headers that a record claims to have. */
export const claimedHeaders = (bytes: Buffer, valueTo: number): number =>
  readVarint({ bytes, at: valueTo, to: bytes.length })

/**
 * Reads one header of a record.
 *
 * @param valueTo where the value of the record ends: the headers follow it
 * @returns the header's text; null when the record has no header of that name, or damaged ones
 */
export function headerOf(bytes: Buffer, valueTo: number, name: string): string | null {
  const cursor = { bytes, at: valueTo, to: bytes.length }
  const count = countOf(cursor)
  for (let i = 0; i < count; i++) {
    const key = readText(cursor)
    const value = readText(cursor)
    if (key === null || key === name) return value
  }
  return null
}

function readText(cursor: RecordBytes): string | null {
  const length = readVarint(cursor)
  if (!(length >= 0 && cursor.at + length <= cursor.to)) return null
  cursor.at += length
  return cursor.bytes.toString('utf8', cursor.at - length, cursor.at)
}

/** A header as it is: its name, and its value or null. */
export type Header = [name: string, value: Buffer | null]

/** The headers of a record, up to MOST_HEADERS, in order; none of damaged ones. */
export function headersOf(bytes: Buffer, valueTo: number): Header[] {
  const cursor = { bytes, at: valueTo, to: bytes.length }
  const headers: Header[] = []
  const count = countOf(cursor)
  for (let i = 0; i < count; i++) {
    const name = readText(cursor)
    const size = readVarint(cursor)
    if (name === null || !(cursor.at + size <= cursor.to)) return []
    headers.push([name, size < 0 ? null : bytes.subarray(cursor.at, cursor.at + size)])
    cursor.at += Math.max(0, size)
  }
  return headers
}

/**
 * The place of a header's value, size first; -1 where the record has no header of that name. It is
 * called for each record, so the numbers (zigzag varints) of usual headers, of one or two bytes, are
 * read in place.
 */
export function placeOfHeader(bytes: Buffer, valueTo: number, name: Uint8Array): number {
  let at = valueTo + 1
  for (let left = bytes[valueTo]; left > 0; left -= 2) {
    const length = bytes[at]
    const place = at + 1 + (length >>> 1)
    const size = bytes[place]
    const next = bytes[place + 1]
    const isUsual = left < 128 && length < 128 && (size < 128 || next < 128)
    if (!isUsual) return placeOfUnusual(bytes, valueTo, name)
    if (length === 2 * name.length && isSame(bytes, at + 1, name)) return place
    if (size > 127) at = place + 2 + (((size & 127) | (next << 7)) >>> 1)
    // An odd one is -1, of a header without a value.
    else at = place + 1 + ((size & 1) === 0 ? size >>> 1 : 0)
  }
  return -1
}

function placeOfUnusual(bytes: Buffer, valueTo: number, name: Uint8Array): number {
  const cursor = { bytes, at: valueTo, to: bytes.length }
  const count = countOf(cursor)
  for (let i = 0; i < count; i++) {
    const length = readVarint(cursor)
    const from = cursor.at
    const place = from + length
    if (!(length >= 0 && place <= cursor.to)) return -1
    if (length === name.length && isSame(bytes, from, name)) return place
    cursor.at = place
    const size = readVarint(cursor)
    cursor.at += Math.max(0, size)
  }
  return -1
}

/** True when bytes hold the wanted ones from `from` on. */
export function isSame(bytes: Uint8Array, from: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[from + at] !== wanted[at]) return false
  return true
}

/** Headers as a record has them behind its value. */
export function encodeHeaders(headers: readonly Header[]): Buffer {
  const parts = [varint(headers.length)]
  for (const [name, value] of headers) {
    const key = Buffer.from(name)
    parts.push(varint(key.length), key, varint(value?.length ?? -1), value ?? Buffer.alloc(0))
  }
  return Buffer.concat(parts)
}

/** A zigzag varint. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(128 | (rest % 128))
  return Buffer.from([...bytes, rest])
}
