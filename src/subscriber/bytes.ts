// Rows of aggregates as bytes and back: variable-length integers, half the size of float64.
import { FIELD, WIDTH } from './aggregate.ts'

/** No row takes more bytes than this: 22 numbers of at most 8 bytes each. */
export const MAX_ROW_BYTES: number = WIDTH * 8

const PART = 2 ** 28

/** LEB128 of a whole number from 0 to 2^53; returns the place behind it. */
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

/** Where reading stands in some bytes. */
export interface Cursor {
  bytes: Uint8Array
  at: number
}

/** Reads what writeVarint wrote and moves the cursor behind it. */
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

/**
 * Writes one row of aggregates; returns the place behind it. A sum above 2^53 - 1 (nine petabytes
 * of one subscriber) stays there: whatever the order, the most that can be said exactly.
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
  // The last end mostly comes soon after the first start: their difference is shorter.
  const span = rows[offset + FIELD.lastEndMs] - rows[offset + FIELD.firstStartMs]
  return writeVarint(bytes, at, span < 0 ? -2 * span - 1 : 2 * span)
}

/** Reads one row of aggregates into `rows` from `offset` on. */
export function readRow(cursor: Cursor, rows: Float64Array, offset: number): void {
  for (let field = 0; field < FIELD.lastEndMs; field++) rows[offset + field] = readVarint(cursor)
  const code = readVarint(cursor)
  const span = code % 2 === 0 ? code / 2 : -(code + 1) / 2
  rows[offset + FIELD.lastEndMs] = rows[offset + FIELD.firstStartMs] + span
}
