// Finds where values of JSON end in bytes, as strictly as `JSON.parse` of UTF-8, without reading them.

/** What stands for a place where bytes are not what is scanned: invalid, or left to the parser. */
export const ODD = -1
/** Values nested deeper are left to the parser. */
export const MOST_DEPTH = 32

/** Bytes of JSON, by what they are. */
export const BYTE = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  letterF: 0x66,
  letterN: 0x6e,
  letterT: 0x74,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

const { quote: QUOTE, backslash: BACKSLASH, zero: ZERO, nine: NINE } = BYTE
const [PLUS, LETTER_E, LETTER_U] = [0x2b, 0x65, 0x75]
const [A, L, R, S] = [0x61, 0x6c, 0x72, 0x73]
/** Bit that small letters have and capital ones lack. */
const SMALL = 0x20
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'))

/** The place after blanks, at most `to`. */
export function afterBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = bytes[at]
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break
    at++
  }
  return at
}

/** The place after the quote that ends a text; `from` is after the one that begins it. */
export function afterText(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte === BACKSLASH) at = afterEscape(bytes, at, to)
    else if (byte >= 0x80) at = afterLetter(bytes, at, to)
    else if (byte >= 0x20) at++
    else return ODD
    if (at < 0) return ODD
  }
  return ODD
}

/** The same of a text whose bytes are its letters: one with an escape is ODD. */
export function afterPlainText(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to) {
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte < 0x20 || byte === BACKSLASH) return ODD
    at = byte < 0x80 ? at + 1 : afterLetter(bytes, at, to)
    if (at < 0) return ODD
  }
  return ODD
}

function afterEscape(bytes: Uint8Array, from: number, to: number): number {
  const letter = from + 1 < to ? bytes[from + 1] : 0
  if (ESCAPED.has(letter)) return from + 2
  if (letter !== LETTER_U || to - from < 6) return ODD
  for (let at = from + 2; at < from + 6; at++) if (!isHex(bytes[at])) return ODD
  return from + 6
}

const isHex = (byte: number): boolean =>
  (byte >= ZERO && byte <= NINE) || ((byte | SMALL) >= 0x61 && (byte | SMALL) <= 0x66)

/** The place after a letter of two to four bytes in UTF-8; no overlong one, no half of a surrogate. */
function afterLetter(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from]
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (first < 0xc2 || first > 0xf4 || to - from < size) return ODD
  const second = bytes[from + 1]
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return ODD
  for (let at = from + 2; at < from + size; at++) if (bytes[at] >> 6 !== 2) return ODD
  return from + size
}

/** The place after a number. */
export function afterNumber(bytes: Uint8Array, from: number, to: number): number {
  let at = from < to && bytes[from] === BYTE.minus ? from + 1 : from
  if (at < to && bytes[at] === ZERO) at++
  else at = afterDigits(bytes, at, to)
  if (at > 0 && at < to && bytes[at] === BYTE.point) at = afterDigits(bytes, at + 1, to)
  if (at > 0 && at < to && (bytes[at] | SMALL) === LETTER_E) {
    const isSigned = at + 1 < to && (bytes[at + 1] === PLUS || bytes[at + 1] === BYTE.minus)
    at = afterDigits(bytes, isSigned ? at + 2 : at + 1, to)
  }
  return at
}

/** The place after at least one digit. */
function afterDigits(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  while (at < to && bytes[at] >= ZERO && bytes[at] <= NINE) at++
  return at === from ? ODD : at
}

/** The place after `true`, `false` or `null`. */
export function afterWord(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from]
  if (first === BYTE.letterF) {
    const isFalse = to - from >= 5 && bytes[from + 4] === LETTER_E && isRest(bytes, from, A, L, S)
    return isFalse ? from + 5 : ODD
  }
  if (to - from < 4) return ODD
  if (first === BYTE.letterN) return isRest(bytes, from, LETTER_U, L, L) ? from + 4 : ODD
  return first === BYTE.letterT && isRest(bytes, from, R, LETTER_U, LETTER_E) ? from + 4 : ODD
}

const isRest = (bytes: Uint8Array, from: number, a: number, b: number, c: number): boolean =>
  bytes[from + 1] === a && bytes[from + 2] === b && bytes[from + 3] === c

/** The place after a value of any kind; `from` is its first byte. */
export function afterValue(bytes: Uint8Array, from: number, to: number, depth: number): number {
  if (from >= to) return ODD
  const byte = bytes[from]
  if (byte === QUOTE) return afterText(bytes, from + 1, to)
  if (byte <= NINE) return afterNumber(bytes, from, to)
  if (byte !== BYTE.openObject && byte !== BYTE.openArray) return afterWord(bytes, from, to)
  return depth === MOST_DEPTH ? ODD : afterNested(bytes, from, to, depth + 1)
}

/** The place after an object or array. */
function afterNested(bytes: Uint8Array, from: number, to: number, depth: number): number {
  const isObject = bytes[from] === BYTE.openObject
  const closer = isObject ? BYTE.closeObject : BYTE.closeArray
  let at = afterBlanks(bytes, from + 1, to)
  if (at < to && bytes[at] === closer) return at + 1
  for (;;) {
    if (isObject) {
      if (at >= to || bytes[at] !== QUOTE) return ODD
      at = afterText(bytes, at + 1, to)
      if (at < 0) return ODD
      at = afterBlanks(bytes, at, to)
      if (at >= to || bytes[at] !== BYTE.colon) return ODD
      at = afterBlanks(bytes, at + 1, to)
    }
    at = afterValue(bytes, at, to, depth)
    if (at < 0) return ODD
    at = afterBlanks(bytes, at, to)
    if (at >= to) return ODD
    const byte = bytes[at]
    if (byte === closer) return at + 1
    if (byte !== BYTE.comma) return ODD
    at = afterBlanks(bytes, at + 1, to)
  }
}
