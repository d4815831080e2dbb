// Rows as message values: Avro bodies of the project's schema, or JSON objects.
//
// Both write straight into one buffer. Every Avro field is a union, so a value is the branch and
// then the value: a long as a zigzag varint, a double in 8 bytes, a string as its size and bytes
// (Avro specification 1.11, "Binary Encoding"). avsc first makes an object of 55 properties per
// row; a test compares the bytes with those of avsc.
import { writeLong } from '../kafka/varint.ts'
import { isKnownTime } from '../record/event-time.ts'
import { assert } from '../errors.ts'
import { FILE_COLUMNS } from '../record/columns.ts'
import { XDR_SCHEMA, type XdrField } from '../record/xdr-schema.ts'
import type { Encode, Values } from './values.ts'

const WHOLE_LIMIT = 2 ** 53

/** First byte of each branch of a field's union: its index as a zigzag varint; -1: no such branch. */
interface Branches {
  none: number
  long: number
  double: number
  string: number
}

function branchesOf({ type }: XdrField): Branches {
  const names = type.map((branch) => (typeof branch === 'string' ? branch : branch.type))
  const of = (name: (typeof names)[number]): number =>
    names.includes(name) ? 2 * names.indexOf(name) : -1
  return { none: of('null'), long: of('long'), double: of('double'), string: of('string') }
}

/** An encoder of Avro bodies of XDR_SCHEMA; `prefix` is written before each body. */
export function createAvroEncoder(prefix: Uint8Array): Encode {
  const branches = XDR_SCHEMA.fields.map(branchesOf)
  assert(branches.length === FILE_COLUMNS.length, 'the schema has a field for each column')
  return (values, i, texts, into) => {
    into.set(prefix)
    return encodeRow(branches, values, i, texts, into, prefix.length)
  }
}

function encodeRow(
  branches: readonly Branches[],
  values: Values,
  i: number,
  texts: Uint8Array,
  into: Buffer,
  start: number,
): number {
  const { columns } = values
  let from = 0
  let at = start
  for (let c = 0; c < branches.length; c++) {
    const branch = branches[c]
    const { numbers, sizes } = columns[c]
    const number = numbers === null ? NaN : numbers[i]
    if (number === number) {
      at = writeNumber(branch, number, into, at)
      continue
    }
    const size = sizes === null ? NaN : sizes[i]
    if (size !== size) {
      into[at++] = branch.none
      continue
    }
    into[at++] = branch.string
    at = writeLong(size, into, at)
    for (const end = from + size; from < end;) into[at++] = texts[from++]
  }
  return at
}

const double = new Float64Array(1)
const doubleBytes = new Uint8Array(double.buffer)

function writeNumber(branch: Branches, number: number, into: Buffer, at: number): number {
  if (branch.long !== -1 && Math.abs(number) < WHOLE_LIMIT && Math.floor(number) === number) {
    into[at] = branch.long
    return writeLong(number, into, at + 1)
  }
  into[at] = branch.double
  double[0] = number
  for (let b = 0; b < 8; b++) into[at + 1 + b] = doubleBytes[b]
  return at + 9
}

/** The last instant of a Date. */
const LAST_DATE_MS = 8.64e15

const NAMES = FILE_COLUMNS.map(({ name }) => `${JSON.stringify(name)}:`)
const TIMES = FILE_COLUMNS.map(({ type }) => type === 'time')

/** Writes a row as a JSON object with the columns' canonical names; a missing value has no key. */
export const encodeJson: Encode = (values, i, bytes, into) => {
  const texts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let from = 0
  let json = ''
  for (let c = 0; c < NAMES.length; c++) {
    const { numbers, sizes } = values.columns[c]
    const number = numbers === null ? NaN : numbers[i]
    const size = sizes === null ? NaN : sizes[i]
    if (number === number) {
      json += `${json === '' ? '{' : ','}${NAMES[c]}${jsonOf(number, TIMES[c])}`
    } else if (size === size) {
      const text = texts.toString('utf8', from, from + size)
      from += size
      json += `${json === '' ? '{' : ','}${NAMES[c]}${JSON.stringify(text)}`
    }
  }
  return into.write(json === '' ? '{}' : `${json}}`, 'utf8')
}

/**
 * JSON has no infinity: it is written as text that reads as one. Readers take the unit of a numeric
 * time from its magnitude, which is right for known times; others are written as text.
 */
function jsonOf(number: number, isTime: boolean): string {
  if (isTime && !isKnownTime(number) && Math.abs(number) <= LAST_DATE_MS) {
    return `"${new Date(number).toISOString()}"`
  }
  return Number.isFinite(number) ? String(number) : `"${number}"`
}
