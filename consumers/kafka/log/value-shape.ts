// What the first bytes of a message show of its format, also where it is rejected.
import { FRAME_BYTES, frameKey } from '../../../src/kafka/schema-key.ts'

const BRACE = 0x7b

/** Whether a value begins with a brace, after a byte order mark and blanks. */
export function isObject(bytes: Buffer, from: number, to: number): boolean {
  let at = from
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3
  while (at < to && isBlank(bytes[at])) at++
  return at < to && bytes[at] === BRACE
}

const isBlank = (byte: number): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Why a value without a frame is malformed. */
export const frameFault = (bytes: Buffer, from: number, to: number): string =>
  `the value ${shapeOf(bytes, from, to)}, expected JSON, or the byte 0 and a schema id of 4 bytes`

/** Why a value that does not match the schema of `--schema` is malformed. */
export function rawFault(bytes: Buffer, from: number, to: number): string {
  const avro = `Avro: the value ${shapeOf(bytes, from, to)} and does not match the schema of --schema`
  if (to - from < FRAME_BYTES || bytes[from] !== 0) return avro
  return `${avro}; it may be a frame with schema id ${frameKey(bytes, from)}, which needs --registry`
}

/** Why a message with a null instead of needed columns is rejected. */
export const nullFault = (path: string): string =>
  `"${path}" is null, and --map finds needed columns in it; a change that deletes a row has none`

function shapeOf(bytes: Buffer, from: number, to: number): string {
  if (from === to) return 'is empty'
  const first = bytes[from].toString(16).padStart(2, '0')
  return `has ${to - from} bytes and begins with 0x${first}`
}
