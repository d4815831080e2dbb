// Why JSON is rejected: the place and the cause, for any damage, and never a value of the message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import { compileJson, MOST_JSON_BYTES } from '../../../src/record/decode/json.ts'
import { createTextReading } from '../../../src/record/decode/text-reading.ts'
import { jsonFault } from '../../../src/record/decode/json-fault.ts'
import { missingColumns } from '../../../src/record/decode/json-names.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const ROW = '{"MSISDN":336,"Dur. (ms)":1,"Total DL":1,"Total UL":1'

/** The fault of bytes that are a part of a larger buffer. */
const faultOf = (text: string | Uint8Array): string => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const around = Buffer.concat([Buffer.from('[1,'), bytes, Buffer.from(']')])
  return jsonFault(around, 3, 3 + bytes.length)
}

test('the place is the byte where the text stops to be JSON, and what was expected is named', () => {
  const cases: [text: string | Uint8Array, fault: string][] = [
    ['', '0, the text ends; expected a value'],
    ['{', '1, the text ends; expected a name in quotes'],
    ['{"a" 1}', '5, another character was found; expected ":"'],
    ['{"a":1,}', '7, another character was found; expected a name in quotes'],
    ['{"a":1 "b":2}', '7, another character was found; expected "," or "}"'],
    ['{"a":[1,]}', '8, another character was found; expected a value'],
    ['{"a":[1}', '7, another character was found; expected "," or "]"'],
    ['{"a":01}', '6, another character was found; expected "," or "}"'],
    ['{"a":NaN}', '5, another character was found; expected a value'],
    ['{"a":1}{', '7, another character was found; expected the end'],
    ['{"a":"x', '7, the text ends; expected the end of a text in quotes'],
    ['{"a":"\\x"}', '6, another character was found; expected an escape of JSON'],
    ['{"a":"\n"}', '6, another character was found; expected no control character in a text'],
    // Two bytes per letter: the place counts bytes.
    ['{"é":"ü",}', '11, another character was found; expected a name in quotes'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), '2, expected UTF-8'],
    ['\ufeff {]', '5, another character was found; expected a name in quotes'],
  ]
  for (const [text, fault] of cases) {
    assert.equal(faultOf(text), `JSON: at byte ${fault}`, String(text))
  }
})

test('objects are rejected for their size, a nested value, or because no column is known', () => {
  assert.equal(faultOf('[1]'), 'JSON: the text is not an object')
  assert.match(faultOf(`${ROW},"x":"${'y'.repeat(MOST_JSON_BYTES)}"}`), /expected at most 1048576$/)
  assert.match(faultOf(`${ROW},"End":[1]}`), /^JSON: the column "End" is an object or array/)
  const none = faultOf('{"traffic_dl":1,"33612345678":1}')
  assert.match(
    none,
    /^JSON: no member is a known column, expected "MSISDN\/Number" \(nearest found/,
  )
  assert.match(none, /"traffic_dl"/)
  assert.ok(!none.includes('336'), 'a name with the digits of an MSISDN is not repeated')
  assert.equal(
    missingColumns([['elapsed_ms'], ['ul_total'], ['x']], ['Dur. (ms)', 'Total UL (Bytes)'], {}),
    '"Dur. (ms)" (nearest found: "x", "elapsed_ms", "ul_total"), ' +
      '"Total UL (Bytes)" (nearest found: "ul_total", "elapsed_ms", "x")',
  )
})

test(`any damage has a place, that of V8 where V8 names one (XDR_PULSE_SEED=${SEED})`, () => {
  const damaged = fc
    .tuple(fc.jsonValue(), fc.nat(), fc.constantFrom('', '"', '}', ']', ',', '\\', '0', ':', 'n'))
    .map(([value, at, put]) => {
      const text = JSON.stringify({ a: value })
      const place = at % text.length
      return text.slice(0, place) + put + text.slice(place + 1)
    })
  const property = fc.property(damaged, (text) => {
    let place: number | null | undefined
    try {
      JSON.parse(text)
    } catch (error) {
      const named = /at position (\d+)/.exec((error as Error).message)
      place = named === null ? null : Buffer.byteLength(text.slice(0, Number(named[1])))
    }
    if (place === undefined) return
    const found = /^JSON: at byte (\d+)/.exec(faultOf(text))
    assert.ok(found !== null, faultOf(text))
    assert.ok(Number(found[1]) <= Buffer.byteLength(text))
    // V8 reports an escape at its letter, a number at the digit that is missing.
    if (place !== null) assert.ok(Math.abs(Number(found[1]) - place) <= 6, `${text}: ${place}`)
  })
  fc.assert(property, { seed: SEED, numRuns: 3000 })
})

test('a text that is not decoded always has a fault, and the faults hold none of its values', () => {
  const decode = compileJson(createTextReading('UTC'))
  const columns = USED_COLUMNS.map(() => new Float64Array(1))
  const bytes = fc.uint8Array({ maxLength: 60 })
  const property = fc.property(
    fc.oneof(
      bytes,
      fc.json().map((text) => Buffer.from(text)),
    ),
    (text) => {
      if (decode(text, 0, text.length, columns, 0)) return
      assert.match(jsonFault(text, 0, text.length), /^JSON: /)
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 2000 })
})
