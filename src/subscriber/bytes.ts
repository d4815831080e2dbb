// Encodes rows of aggregates as variable-length integers, half the size of float64, and decodes them.
import { FIELD, WIDTH } from './aggregate.ts'

/** The most bytes of a row: each number takes at most 8. */
export const MAX_ROW_BYTES: number = WIDTH * 8

const PART = 2 ** 28

/** Writes a whole number from 0 to 2^53 as LEB128; returns the place after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let low = value
  if (value >= PART) {
    const high = Math.floor(value / PART)
    low = value - high * PART
    bytes[at++] = (low & 127) | 128
    bytes[at++] = ((low >>> 7) & 127) | 128
    bytes[at++] = ((low >>> 14) & 127) | 128
    bytes[at++] = (low >>> 21) | 128
    low = high
  }
  while (low > 127) {
    bytes[at++] = (low & 127) | 128
    low >>>= 7
  }
  bytes[at++] = low
  return at
}

/** Bytes and the place in them that is read next. */
export interface Cursor {
  bytes: Uint8Array
  at: number
}

/** Reads a number that writeVarint wrote and moves the cursor to the place after it. */
export function readVarint(cursor: Cursor): number {
  const { bytes } = cursor
  let at = cursor.at
  let byte = bytes[at++]
  let value = byte & 127
  if (byte > 127) {
    byte = bytes[at++]!
    value |= (byte & 127) << 7
    if (byte > 127) {
      byte = bytes[at++]!
      value |= (byte & 127) << 14
      if (byte > 127) {
        byte = bytes[at++]!
        value |= (byte & 127) << 21
        for (let unit = PART; byte > 127; unit *= 128) {
          byte = bytes[at++]!
          value += (byte & 127) * unit
        }
      }
    }
  }
  cursor.at = at
  return value
}

/** Moves the cursor past `count` numbers. */
export function skipVarints(cursor: Cursor, count: number): void {
  const { bytes } = cursor
  let at = cursor.at
  for (let left = count; left > 0;) if (bytes[at++] < 128) left--
  cursor.at = at
}

/**
 * Writes one row of aggregates; returns the place after it. A sum above 2^53 - 1 (nine petabytes of
 * one subscriber) is written as 2^53 - 1, which does not depend on the order of records.
 */
export function writeRow(
  rows: Float64Array,
  offset: number,
  bytes: Uint8Array,
  at: number,
): number {
  for (let field = 0; field < FIELD.lastEndMs; field++) {
    const value = rows[offset + field]
    at = writeVarint(bytes, at, value > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : value)
  }
  // The last end mostly comes soon after the first start, so their difference has fewer bytes.
  const span = rows[offset + FIELD.lastEndMs] - rows[offset + FIELD.firstStartMs]
  return writeVarint(bytes, at, span < 0 ? -2 * span - 1 : 2 * span)
}

/**
 * Reads one row of aggregates into `rows` from `offset` on. The numbers are read as by `readVarint`,
 * in one loop with the place in a local variable: a state has 22 of them per subscriber.
 */
export function readRow(cursor: Cursor, rows: Float64Array, offset: number): void {
  const { bytes } = cursor
  let at = cursor.at
  const end = offset + FIELD.lastEndMs
  for (let to = offset; to < end; to++) {
    let byte = bytes[at++]
    let value = byte & 127
    for (let shift = 7; byte > 127 && shift < 28; shift += 7) {
      byte = bytes[at++]
      value |= (byte & 127) << shift
    }
    for (let unit = PART; byte > 127; unit *= 128) {
      byte = bytes[at++]
      value += (byte & 127) * unit
    }
    rows[to] = value
  }
  cursor.at = at
  const code = readVarint(cursor)
  const span = code % 2 === 0 ? code / 2 : -(code + 1) / 2
  rows[offset + FIELD.lastEndMs] = rows[offset + FIELD.firstStartMs] + span
}
