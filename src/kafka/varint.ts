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
