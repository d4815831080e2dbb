// The scanner reads messages of JSON as the parser does: values, what texts show, and what is left.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { FILE_COLUMNS, USED_COLUMNS } from '../../../src/record/columns.ts'
import { seededRandom } from '../../../src/random.ts'
import { compileJson, compileParser, MOST_JSON_BYTES } from '../../../src/record/decode/json.ts'
import { collectFormats } from '../../../src/record/decode/text-reading.ts'
import type { MappedColumns } from '../../../src/record/mapped-columns.ts'
import { mutated } from '../../fuzz/fuzz.ts'
import { monthFirst } from './month-first.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)

/** A decoder with the scanner and one without, which read the same messages. */
function createPair(mapped: MappedColumns, isCollecting: boolean) {
  const make = (compile: typeof compileJson) => {
    const texts = monthFirst('Europe/Berlin')
    if (isCollecting) collectFormats(texts)
    const columns = USED_COLUMNS.map(() => Float64Array.of(-77, -77, -77))
    return { texts, decode: compile(texts, mapped), columns }
  }
  const [one, other] = [make(compileJson), make((texts) => compileParser(texts, mapped))]
  /** Reads a message with both; returns whether it was scanned. */
  const read = (message: Uint8Array): boolean => {
    const bytes = Buffer.concat([Buffer.from('{"'), message, Buffer.from('"}')])
    const { parsed } = one.decode
    const [found, expected] = [one, other].map(({ texts, decode, columns }) => {
      const isRow = decode(bytes, 2, 2 + message.length, columns, 1)
      const { lacking } = decode
      const path = isRow ? decode.nullPath?.() : null
      const shown = { ...texts, clock: null }
      return { isRow, values: isRow ? columns : [], lacking, path, shown }
    })
    if (!isDeepStrictEqual(found, expected)) assert.fail(inspect({ message, found, expected }))
    for (const column of one.columns) assert.deepEqual([column[0], column[2]], [-77, -77])
    return one.decode.parsed === parsed
  }
  return read
}

const MAPS: readonly MappedColumns[] = [
  {},
  { 'Dur. (ms)': ['took'], 'Total DL (Bytes)': ['down'], 'Total UL (Bytes)': ['Total-DL'] },
  {
    ...{ 'MSISDN/Number': ['after', 'isdn'], 'Dur. (ms)': ['after', 'took'] },
    ...{ 'Total DL (Bytes)': ['after', 'dl'], Start: ['after', 'from'], End: ['until'] },
  },
  {
    ...{ 'Bearer Id': ['payload', 'after', 'id'], 'MSISDN/Number': ['payload', 'after', 'id'] },
    ...{ 'Total UL (Bytes)': ['payload', 'ul'], 'Total DL (Bytes)': ['pay-load', 'after'] },
  },
  { 'Dur. (ms)': ['a', '-'], 'Total DL (Bytes)': ['Start', 'ms'], End: ['payload', 'end'] },
]
const INNER = ['after', 'payload', 'pay-load', 'isdn', 'took', 'down', 'dl', 'ul', 'id', 'from']
const NAMES = [
  ...FILE_COLUMNS.flatMap(({ name, aliases }) => [name, ...aliases]),
  ...[...INNER, 'After', 'AFTER', 'after.took', 'payload.after', 'Total-DL', 'until', 'a', '-'],
  ...[
    'a.-',
    'ms',
    'end',
    'é',
    '7',
    '',
    '__proto__',
    'x\\u0041',
    'im\\u0073i',
    'x"',
    'n'.repeat(300),
  ],
]

/** Values as they are written; those of the second row are no JSON. */
const WRITTEN = [
  ...['0', '-0', '7', '-7', '0.5', '120.25', '1e3', '1E-7', '1.5e+3', '123456789012345', '1.0'],
  ...['1234567890123456', '9007199254740993', '-1.7976931348623157e308', '1e999', '5e-324'],
  ...['1554379278', '1554379278123', '1554379278123999999', '1554379278123.5', '20190704120118'],
  ...['null', 'true', 'false', '""', '"12"', '"1,5"', '"4/4/2019 12:01"', '"13/4/2019 12:01"'],
  ...['"336 12 34"', '"3.36E+10"', '"\\\\N"', '"NaN"', '"\\u0031"', '"é€😀"', '"a\\"b\\\\"', '" "'],
  '"1554379278123999999"',
]
const NESTED = [
  '{}',
  '[]',
  '{"dl":1}',
  '{"took":"2","isdn":33}',
  '[1,{"a":[-1.5]}]',
  '[[], {"\\n":1}]',
]
const BROKEN = ['01', '1.', '.5', '-', '+1', '1e', 'NaN', 'tru', 'nulls', '"\\x"', '"\t"', '']
const STRAY = ['{]', '[1,]', '{"a"}', '{"a":1,}', '[', '"', '"\\ud800"', '{a:1}', "'a'"]
const BLANK = ['', ' ', '\n\t', '\r\n  ']

/** One of some values, or whether a thing happens that is as rare as one in some. */
interface Draw {
  <T>(from: readonly T[]): T
  rarely: (one: number) => boolean
}

function createDraw(seed: number): Draw {
  const random = seededRandom(seed)
  const below = (count: number): number => Math.floor(random() * count)
  return Object.assign(<T>(from: readonly T[]): T => from[below(from.length)], {
    rarely: (one: number) => below(one) === 0,
  })
}

/** An object as it may be written: in any order of names, and some of them twice. */
function drawMessage(draw: Draw, names: readonly string[], depth: number): string {
  const { rarely } = draw
  const isBroken = rarely(30)
  const space = rarely(3) ? draw(BLANK) : ''
  const blank = (): string => (rarely(200) ? draw(BLANK) : space)
  const kept = names.filter(() => !rarely(6))
  if (rarely(12)) kept.push(draw(NAMES))
  if (rarely(12)) kept.reverse()
  const value = (name: string): string => {
    if (depth < 2 && INNER.includes(name) && !rarely(3)) {
      const inner = INNER.filter(() => rarely(2))
      return drawMessage(draw, inner, depth + 1)
    }
    if (isBroken && rarely(10)) return draw(rarely(2) ? BROKEN : STRAY)
    return rarely(20) ? draw(NESTED) : draw(WRITTEN)
  }
  const members = kept.map((name) => {
    const quoted = name.includes('\\') ? `"${name}"` : JSON.stringify(name)
    return `${quoted}${rarely(200) ? ' ' : ''}:${blank()}${value(name)}${rarely(99) ? ' ' : ''}`
  })
  return `{${blank()}${members.join(`,${blank()}`)}${blank()}}`
}

/** The messages of a topic: most of them have the same names. */
function drawTopic(g: fc.GeneratorValue): { mapped: MappedColumns; messages: Buffer[] } {
  const draw = createDraw(g(fc.nat))
  const count = g(fc.integer, { min: 1, max: 14 })
  const names = [...new Set(Array.from({ length: count }, () => draw(NAMES.slice(0, -4))))]
  const messages = Array.from({ length: 30 }, () => {
    const mark = draw.rarely(30) ? '\ufeff' : ''
    const bytes = Buffer.from(`${mark}${drawMessage(draw, names, 0)}`)
    return draw.rarely(6) ? mutated(g, bytes) : bytes
  })
  return { mapped: draw(MAPS), messages }
}

test(`scanned messages are what parsed ones are (XDR_PULSE_SEED=${SEED})`, () => {
  let [scanned, all] = [0, 0]
  const property = fc.property(fc.gen(), fc.boolean(), (g, isCollecting) => {
    const { mapped, messages } = drawTopic(g)
    const read = createPair(mapped, isCollecting)
    for (const message of messages) if (read(message)) scanned++
    all += messages.length
  })
  fc.assert(property, { seed: SEED, numRuns: 250 })
  assert.ok(scanned > all / 3, `${scanned} of ${all} messages were scanned`)
})

/** Names and values of a session, with all columns of a file. */
const SESSION = Object.fromEntries(
  FILE_COLUMNS.map(({ name, type }, at) => {
    if (type === 'text') return [name, 'Grün "Z" \u0001']
    return [name, type === 'time' ? '4/4/2019 12:01' : at % 3 === 0 ? at / 4 : 1000 + at]
  }),
)

test('all bytes of a message may change, one at a time', () => {
  const message = Buffer.from(JSON.stringify(SESSION))
  const read = createPair({}, false)
  read(message)
  for (let at = 0; at < message.length; at++) {
    assert.ok(read(message), 'what is whole is scanned again')
    for (const byte of [0x20, 0x22, 0x2c, 0x30, 0x5c, 0xff]) {
      const changed = Buffer.from(message)
      changed[at] = byte
      read(changed)
    }
    read(message.subarray(0, at))
  }
})

test('messages of the usual shapes are scanned once their names are known', () => {
  const isScanned = (object: object, mapped: MappedColumns = {}): boolean => {
    const read = createPair(mapped, false)
    const [compact, spaced] = [JSON.stringify(object), JSON.stringify(object, null, 2)]
    assert.ok(!read(Buffer.from(compact)), 'names are learnt from the first message')
    return [compact, spaced, `\ufeff ${compact}\n`].every((text) => read(Buffer.from(text)))
  }
  const { Start: start, ...others } = SESSION
  assert.ok(isScanned(SESSION))
  assert.ok(isScanned({ ...SESSION, Start: '1554379278123999999' }))
  assert.ok(isScanned({ ...SESSION, Start: null, 'Bearer Id': true }))
  const MAPPED = { Start: ['after', 'start'], 'Bearer Id': ['after', 'start'] }
  assert.ok(isScanned({ before: null, ...others, after: { start } }, MAPPED))
  assert.ok(isScanned({ ...others, AFTER: { Start: start } }, MAPPED), 'spelt in another way')
  assert.ok(isScanned({ ...others, 'after.start': start }, MAPPED))
})

test('names that are new are learnt, where they are many the parser reads on', () => {
  const read = createPair({}, false)
  const message = (n: number): Buffer => Buffer.from(`{"n${n}": 1, "MSISDN": ${n + 1}}`)
  for (let n = 0; n < 10; n++) {
    assert.ok(!read(message(n)))
    assert.ok(read(message(n)))
  }
  for (let n = 0; n < 2000; n++) read(message(n))
  // After many messages that it could not scan, it tries a few only.
  let scanned = 0
  for (let n = 0; n < 200; n++) if (read(message(3))) scanned++
  assert.ok(scanned > 100, `${scanned} messages are scanned again`)
})

test('messages nested too deep, or too long, are left to the parser', () => {
  const read = createPair({}, false)
  const nested = (depth: number): Buffer =>
    Buffer.from(`{"MSISDN": 7, "x": ${'['.repeat(depth)}${']'.repeat(depth)}}`)
  read(nested(1))
  assert.ok(read(nested(32)))
  assert.ok(!read(nested(33)))
  const long = (size: number): Buffer =>
    Buffer.from(`{"MSISDN": 7, "x": "${'y'.repeat(size - 22)}"}`)
  assert.equal(long(MOST_JSON_BYTES).length, MOST_JSON_BYTES)
  assert.ok(read(long(MOST_JSON_BYTES)))
  assert.ok(!read(long(MOST_JSON_BYTES + 1)))
})

test('two names that lead to one column are left to the parser', () => {
  const read = createPair({ 'Dur. (ms)': ['after', 'took'] }, false)
  const ways = ['"after":{"took":1}', '"After":{"took":2}', '"after.took":3', '"after":{"TOOK":4}']
  const message = (...members: readonly string[]): Buffer =>
    Buffer.from(`{"MSISDN":7,${members.join()}}`)
  for (const way of ways) read(message(way))
  for (const way of ways) {
    assert.ok(read(message(way)))
    for (const other of ways) assert.ok(!read(message(way, other)))
  }
  assert.ok(!read(message('"after":{"TOOK":4,"took":5}')))
  assert.ok(!read(message('"MSISDN":8')))
  assert.ok(!read(message('"Customer":8')), 'it is learnt')
  assert.ok(!read(message('"Customer":8')))
})
