// Messages that are not rows: chosen ones with what becomes of them, and random ones.
import fc from 'fast-check'
import type { Reason } from '../../../src/record/batch.ts'

const MIB = 2 ** 20

/** A message that is not a row, or looks as if it were none. */
export interface Poison {
  name: string
  key?: Buffer | null
  value: Buffer | null
  /** Null for a message that is a row in spite of its shape. */
  reason: Reason | null
}

const json = (fields: string): Buffer => Buffer.from(`{"MSISDN":33600000001,${fields}}`)
const deep = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth)

/** Poison of any format; `row` is a good message of the project's own Avro. */
export const poisons = (row: Buffer): Poison[] => [
  { name: 'a whole row', value: json('"duration":1,"Total DL":1,"Total UL":1'), reason: null },
  { name: 'no value', value: null, reason: 'no-value' },
  { name: 'no value and no key', key: null, value: null, reason: 'no-value' },
  { name: 'an empty value', value: Buffer.alloc(0), reason: 'malformed' },
  { name: 'an empty key', key: Buffer.alloc(0), value: row, reason: null },
  { name: 'no key', key: null, value: row, reason: null },
  { name: 'a key that is not a number', key: Buffer.from([0, 255, 128]), value: row, reason: null },
  { name: 'one zero byte', value: Buffer.from([0]), reason: 'malformed' },
  { name: 'half a wire header', value: Buffer.from([0, 0, 0]), reason: 'malformed' },
  {
    name: 'another magic byte',
    value: Buffer.concat([Buffer.from([1]), row]),
    reason: 'malformed',
  },
  { name: 'a row and a byte', value: Buffer.concat([row, Buffer.from([0])]), reason: 'malformed' },
  { name: 'half a row', value: row.subarray(0, row.length / 2), reason: 'malformed' },
  { name: 'ones', value: Buffer.alloc(500, 255), reason: 'malformed' },
  { name: 'nearly a megabyte', value: Buffer.alloc(MIB - 5000, 129), reason: 'malformed' },
  {
    name: 'nearly a megabyte of JSON',
    value: json(`"x":"${'y'.repeat(MIB - 5000)}"`),
    reason: null,
  },
  { name: 'half a JSON object', value: Buffer.from('{"MSISDN":336'), reason: 'malformed' },
  { name: 'JSON without a column', value: Buffer.from('{"a":1}'), reason: 'malformed' },
  { name: 'JSON that is not UTF-8', value: Buffer.from([0x7b, 0xff, 0x7d]), reason: 'malformed' },
  { name: 'nested JSON', value: json(`"End":${deep('[', ']', 9000)}`), reason: 'malformed' },
  { name: 'open JSON', value: Buffer.from('{"a":'.repeat(100_000)), reason: 'malformed' },
  { name: 'deep JSON', value: json(`"x":${deep('[', ']', 200_000)}`), reason: null },
  { name: 'NaN', value: json('"Total DL (Bytes)":NaN'), reason: 'malformed' },
  { name: 'a prototype', value: json('"__proto__":{"MSISDN":1}'), reason: null },
  { name: 'negative bytes', value: json('"Total DL (Bytes)":-1'), reason: 'invalid-number' },
  { name: '2^53', value: json('"Total UL (Bytes)":9007199254740993'), reason: 'invalid-number' },
  { name: 'no MSISDN', value: Buffer.from('{"Start":0}'), reason: 'missing-msisdn' },
  { name: 'a negative MSISDN', value: Buffer.from('{"MSISDN":-1}'), reason: 'invalid-msisdn' },
  { name: 'a long MSISDN', value: Buffer.from('{"MSISDN":1e15}'), reason: 'invalid-msisdn' },
]

/** Random bytes, random JSON, and a good message with up to four damaged bytes. */
export function randomValues(good: Buffer, seed: number, count: number): Buffer[] {
  const damaged = fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }))
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.array(damaged, { minLength: 1, maxLength: 4 }).map((list) => {
      const bytes = Buffer.from(good)
      for (const [at, mask] of list) bytes[at] ^= mask
      return bytes
    }),
  )
  return fc.sample(value, { seed, numRuns: count })
}
