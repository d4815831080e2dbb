// Random JSON messages, whole and damaged, with far times and odd names, in several zones.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FILE_COLUMNS, USED_COLUMNS } from '../../src/record/columns.ts'
import { compileJson } from '../../src/record/decode/json.ts'
import { jsonFault } from '../../src/record/decode/json-fault.ts'
import { monthFirst } from '../record/decode/month-first.ts'
import { farTime } from './avro.ts'
import { ZONES, fuzzer, mutated, pick, type Fuzzer } from './fuzz.ts'

const NAMES = FILE_COLUMNS.flatMap(({ name, aliases }) => [name, ...aliases])
const MAPPED = { 'Total DL (Bytes)': ['traffic', 'dl'] }

/** One decoder per zone reads all messages: it must not remember more than a bound. */
export const fuzzJson: Fuzzer = (seed, rounds) => {
  const decoders = ZONES.map((zone) => compileJson(monthFirst(zone), MAPPED))
  return fuzzer((g, reach) => {
    const decode = pick(g, decoders)
    const text = JSON.stringify(drawObject(g))
    const bytes = g(fc.boolean) ? Buffer.from(text) : mutated(g, Buffer.from(text))
    const columns = USED_COLUMNS.map(() => Float64Array.of(-77, -77, -77))
    const around = Buffer.concat([Buffer.alloc(2, 34), bytes, Buffer.alloc(2, 34)])
    const done = decode(around, 2, 2 + bytes.length, columns, 1)
    for (const column of columns) assert.deepEqual([column[0], column[2]], [-77, -77])
    if (done) {
      // What is read is JSON.
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
      reach('objects read')
      return
    }
    const fault = jsonFault(around, 2, 2 + bytes.length, MAPPED)
    assert.match(fault, /^JSON: /)
    assert.ok(fault.length < 5000, `a fault of ${fault.length} letters`)
    reach('messages rejected')
  })(seed, rounds)
}

function drawObject(g: fc.GeneratorValue): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  const count = g(fc.nat, { max: 12 })
  for (let n = 0; n < count; n++) {
    const name = g(fc.boolean) ? pick(g, NAMES) : drawName(g)
    object[name] = drawValue(g)
  }
  if (g(fc.boolean)) object.traffic = pick(g, [null, 5, { dl: 7 }, { DL: 'x' }, [], 'text'])
  return object
}

const drawName = (g: fc.GeneratorValue): string => {
  const known = pick(g, NAMES)
  return pick(g, [`${known}${'_'.repeat(g(fc.nat, { max: 2000 }))}`, '__proto__', g(fc.string)])
}

function drawValue(g: fc.GeneratorValue): unknown {
  switch (g(fc.nat, { max: 4 })) {
    case 0:
      return farTime(g)
    case 1:
      return g(fc.double)
    case 2:
      return `${g(fc.bigInt, { min: -(2n ** 70n), max: 2n ** 70n })}`
    case 3:
      return g(
        fc.constantFrom,
        '1'.repeat(g(fc.nat, { max: 3000 })),
        '1.234,5',
        '\\N',
        ' NaN ',
        'x',
      )
    default:
      return g(fc.jsonValue)
  }
}
