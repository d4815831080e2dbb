// Rows as Avro bodies of the project's own schema, written straight into one buffer.
//
// Every field is a union, so a value is its branch and then itself: a long as a zigzag varint, a
// double in 8 bytes, a string as its size and bytes (Avro specification 1.11, "Binary Encoding").
// avsc makes an object of 55 properties a row first; a test compares the bytes with avsc's.
import { assert } from '../errors.ts'
import { FILE_COLUMNS } from '../record/columns.ts'
import { branchesOf, type Branches } from './encode-schema.ts'
import type { Encode, Values } from './values.ts'

const WHOLE_LIMIT = 2 ** 53

/** An encoder of a schema whose fields are those of FILE_COLUMNS; `prefix` goes before each body. */
export function createAvroEncoder(schema: object, prefix: Uint8Array): Encode {
  const branches = branchesOf(schema)
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

/** A whole number below 2^53 as a zigzag varint; returns the end. */
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
