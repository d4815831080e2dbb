// The variable-length integers of a record and its headers.

/** Bytes that are read from `at` on, up to `to`. */
export interface RecordBytes {
  bytes: Buffer
  at: number
  to: number
}

/** Reads a zigzag varint; NaN when the bytes end within it. */
export function readVarint(cursor: RecordBytes): number {
  const { bytes, to } = cursor
  let at = cursor.at
  let byte = at < to ? bytes[at++] : 256
  if (byte < 128) {
    cursor.at = at
    return (byte >>> 1) ^ -(byte & 1)
  }
  let value = byte & 127
  let scale = 128
  do {
    byte = at < to ? bytes[at++] : 256
    value += (byte & 127) * scale
    scale *= 128
  } while (byte > 127 && byte < 256 && scale < 2 ** 63)
  cursor.at = at
  if (byte > 127) return NaN
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** Writes an integer below 2^53 as a zigzag varint from `start` on; returns the end. */
export function writeLong(value: number, into: Uint8Array, start: number): number {
  let at = start
  const sign = value < 0 ? 1 : 0
  const size = value < 0 ? -value - 1 : value
  if (size < 64) {
    into[at] = size * 2 + sign
    return at + 1
  }
  into[at++] = 128 | ((size % 64) * 2 + sign)
  let rest = Math.floor(size / 64)
  while (rest >= 2 ** 31) {
    into[at++] = 128 | (rest % 128)
    rest = Math.floor(rest / 128)
  }
  while (rest > 127) {
    into[at++] = 128 | (rest & 127)
    rest >>>= 7
  }
  into[at++] = rest
  return at
}
