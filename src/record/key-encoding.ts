// How producers write an MSISDN as the key of a message.

/** The known ways; a frame is Confluent's: 0, the schema id as a big-endian int32, a body. */
export const KEY_KINDS = [
  'text',
  'plus-text',
  'int64',
  'framed-text',
  'framed-string',
  'framed-long',
] as const

/** An encoding. The prefix is the bytes before the number, the same in every key. */
export interface KeyEncoding {
  kind: (typeof KEY_KINDS)[number]
  prefix: readonly number[]
}

/** The key as decimal text. */
export const TEXT_KEY: KeyEncoding = { kind: 'text', prefix: [] }

/** Bytes of the longest key. */
export const MAX_KEY_BYTES = 32

const FRAME_BYTES = 5
const PLUS = 0x2b

/** Writes the key of a whole number below 10^15 into `into`; returns its length. */
export function encodeKey({ kind, prefix }: KeyEncoding, msisdn: number, into: Uint8Array): number {
  let at = 0
  for (const byte of prefix) into[at++] = byte
  if (kind === 'int64') return writeInt64(msisdn, into, at)
  if (kind === 'framed-long') return writeVarint(msisdn * 2, into, at)
  const text = String(msisdn)
  // Avro writes the length of a string as a zigzag varint.
  if (kind === 'framed-string') at = writeVarint(text.length * 2, into, at)
  for (let i = 0; i < text.length; i++) into[at++] = text.charCodeAt(i)
  return at
}

/** The encoding by which `bytes[from, to)` is the key of an MSISDN; null for none of them. */
export function encodingOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  msisdn: number,
): KeyEncoding | null {
  const frame = bytes[from] === 0 ? [...bytes.subarray(from, Math.min(to, from + FRAME_BYTES))] : []
  const candidates: KeyEncoding[] = [
    TEXT_KEY,
    { kind: 'plus-text', prefix: [PLUS] },
    { kind: 'int64', prefix: [] },
    { kind: 'framed-text', prefix: frame },
    { kind: 'framed-string', prefix: frame },
    { kind: 'framed-long', prefix: frame },
  ]
  return candidates.find((encoding) => isKey(encoding, bytes, from, to, msisdn)) ?? null
}

/** True when `bytes[from, to)` is the key of an MSISDN in this encoding. */
export function isKey(
  encoding: KeyEncoding,
  bytes: Uint8Array,
  from: number,
  to: number,
  msisdn: number,
): boolean {
  const length = encodeKey(encoding, msisdn, expected)
  if (length !== to - from) return false
  for (let i = 0; i < length; i++) if (bytes[from + i] !== expected[i]) return false
  return true
}

const expected = new Uint8Array(MAX_KEY_BYTES)

function writeInt64(value: number, into: Uint8Array, at: number): number {
  let rest = value
  for (let i = 7; i >= 0; i--) {
    into[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + 8
}

function writeVarint(value: number, into: Uint8Array, from: number): number {
  let at = from
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) into[at++] = (rest % 128) | 128
  into[at++] = rest
  return at
}
