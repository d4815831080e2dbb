// Messages, schemas and answers that were made to end, block or fill the process.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { guarded } from '../../consumers/kafka/log/guarded-decode.ts'
import { messageOfLetter } from '../../consumers/kafka/letter.ts'
import { detailOf } from '../../consumers/kafka/log/message-detail.ts'
import { createFormat } from '../../consumers/kafka/log/message-format.ts'
import { addMessage, createMessageRows } from '../../consumers/kafka/log/message-rows.ts'
import { messageOf } from '../../src/errors.ts'
import { encodeHeaders, type Header } from '../../src/kafka/headers.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import { outcomeOf, UNREADABLE } from '../../src/record/batch.ts'
import { PLACE, USED_COLUMNS } from '../../src/record/columns.ts'
import { compileAvro, type AvroOptions } from '../../src/record/decode/avro.ts'
import { compileJson } from '../../src/record/decode/json.ts'
import { isKnownTime } from '../../src/record/event-time.ts'
import { msisdnOf } from '../../src/record/msisdn.ts'
import { ZONES } from '../fuzz/fuzz.ts'
import { monthFirst } from '../record/decode/month-first.ts'

const newColumns = (): Float64Array[] => USED_COLUMNS.map(() => new Float64Array(1))
const NEEDED = ['msisdn', 'dur_ms', 'total_dl_bytes', 'total_ul_bytes']
const LONGS = NEEDED.map((name) => ({ name, type: 'long' }))
const UTC = { texts: monthFirst('UTC') }

/** Decodes a message of the needed columns, and one more field. */
function decodeMore(type: unknown, bytes: number[], options: AvroOptions = UTC): boolean {
  const fields = [...LONGS, { name: 'more', type }]
  const decode = compileAvro({ type: 'record', name: 'Session', fields }, options)
  const message = Buffer.from([2, 2, 2, 2, ...bytes])
  return decode(message, 0, message.length, newColumns(), 0)
}

const refusal = (type: unknown, options?: AvroOptions): string => {
  try {
    decodeMore(type, [], options)
  } catch (error) {
    return messageOf(error)
  }
  return 'it is compiled'
}

test('a time outside of any calendar is unknown in every zone, and its row is read', () => {
  for (const zone of ZONES) {
    const decode = compileJson(monthFirst(zone))
    for (const start of ['275760-09-13', '275760-09-13 00:00:00', '1/1/9999 0:00', '1000-01-01']) {
      const bytes = Buffer.from(JSON.stringify({ MSISDN: 336, Start: start, End: -8.64e15 }))
      const columns = newColumns()
      assert.equal(decode(bytes, 0, bytes.length, columns, 0), true, `${start} in ${zone}`)
      assert.equal(isKnownTime(columns[PLACE.start][0]), false)
    }
  }
})

test('names that a decoder remembers take bounded memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const decode = compileJson(monthFirst('UTC'))
  const columns = newColumns()
  const usedMiB = (): number => {
    collect()
    return process.memoryUsage().heapUsed / 2 ** 20
  }
  const before = usedMiB()
  for (let n = 0; n < 4000; n++) {
    // With punctuation it is a column of volumes whose name states a unit, in another spelling.
    const name = `total dl${'-'.repeat(12_000)}${n.toString(2).replaceAll('0', '.')} kb`
    const bytes = Buffer.from(JSON.stringify({ MSISDN: 336, [name]: 5, [`${n}${name}`]: 5 }))
    assert.equal(decode(bytes, 0, bytes.length, columns, 0), true)
  }
  const grown = usedMiB() - before
  assert.ok(grown < 20, `${grown.toFixed(0)} MiB more`)
  assert.equal(isColumn(decode, 'total dl'), true)
})

function isColumn(decode: ReturnType<typeof compileJson>, name: string): boolean {
  const bytes = Buffer.from(JSON.stringify({ [name]: 5 }))
  return decode(bytes, 0, bytes.length, newColumns(), 0)
}

test('an MSISDN, a number or a time of a million letters is read in linear time', () => {
  const digits = '1'.repeat(1_000_000)
  for (const text of [`${digits}x`, `${digits}.${digits}x`, `${digits}.${digits}`, `+${digits}e`]) {
    assert.ok(!(msisdnOf(text) < 1e15 && msisdnOf(text) > 0), text.slice(-5))
    const bytes = Buffer.from(JSON.stringify({ MSISDN: 1, Start: text, 'Total DL': text }))
    if (bytes.length < 1_040_000) {
      const columns = newColumns()
      assert.equal(
        compileJson(monthFirst('Pacific/Apia'))(bytes, 0, bytes.length, columns, 0),
        true,
      )
      assert.equal(columns[PLACE.start][0], UNREADABLE)
    }
  }
})

test('records that hold each other twice, 50 levels deep, are skipped at once', () => {
  const levels = (leaf: unknown): unknown => {
    let type: unknown = leaf
    for (let n = 0; n < 50; n++) {
      const fields = [
        { name: 'a', type },
        { name: 'b', type: n === 0 ? leaf : `R${n - 1}` },
      ]
      type = { type: 'record', name: `R${n}`, fields }
    }
    return type
  }
  assert.equal(decodeMore(levels('null'), []), true)
  assert.equal(decodeMore(levels('double'), Array<number>(300).fill(0)), false)
  assert.equal(decodeMore(levels('long'), Array<number>(300).fill(0)), false)
  assert.equal(decodeMore({ type: 'array', items: levels('null') }, [254, 255, 3, 0]), true)
  assert.equal(decodeMore({ type: 'map', values: levels('null') }, [2, 0, 0]), true)
})

test('a schema of any size or depth is compiled in bounded code, or refused with a reason', () => {
  assert.match(
    refusal(Array(100_000).fill('long')),
    /a union has 100000 branches, expected at most/,
  )
  assert.equal(refusal(Array(1000).fill('long')), 'it is compiled')
  const fields = Array.from({ length: 20_000 }, (_, n) => ({ name: `f${n}`, type: 'int' }))
  assert.match(refusal({ type: 'record', name: 'R', fields }), /more than 10000 types/)
  let deep: unknown = 'int'
  for (let n = 0; n < 10_000; n++) deep = { type: 'array', items: deep }
  assert.match(refusal(deep), /nested more than 64 levels/)
  assert.match(
    refusal({ type: 'enum', name: 'E', symbols: [{ toString: 1 }] }),
    /no list of symbols/,
  )
  // Each refers to the one before, so the schema itself is flat.
  const references = Array.from({ length: 600 }, (_, n) => {
    const type = n === 0 ? ['null', 'int'] : ['null', `T${n - 1}`]
    return { type: 'record', name: `T${n}`, fields: [{ name: 'next', type }] }
  })
  assert.match(refusal('T599', { ...UTC, references }), /nested more than 256 levels/)
})

test('records without values within each other are looked through up to a number of names', () => {
  const fields = Array.from({ length: 300 }, (_, n) => ({ name: `f${n}`, type: ['null', 'Loop'] }))
  const loop = { type: 'record', name: 'Loop', fields }
  const options = { ...UTC, mapped: { 'Total DL (Bytes)': ['after', 'dl'] } }
  const after = { type: 'record', name: 'S', fields: [{ name: 'after', type: loop }] }
  assert.throws(() => compileAvro(after, UTC), /"MSISDN\/Number" is missing/)
  assert.throws(() => compileAvro(after, options), /nothing is called "dl"/)
})

test('an exception of a decoder is a rejected row, logged once per schema without its message', () => {
  const logged: string[] = []
  const details: string[] = []
  const last = {
    schema: 'schema 1',
    reject: (outcome: number, why: string): number => {
      details.push(why)
      return outcome
    },
  }
  const decode = guarded(
    last,
    (message) => logged.push(message),
    () => {
      throw new RangeError('33612345678 is a date')
    },
  )
  for (const schema of ['schema 1', 'schema 1', 'schema 2', 'schema 1']) {
    last.schema = schema
    assert.equal(decode(Buffer.alloc(0), 0, 0, [], 0), outcomeOf('malformed'))
  }
  assert.equal(details.length, 4)
  assert.match(details[0], /failed \(RangeError at hostile-messages\.test\.ts:\d+, schema 1\)/)
  assert.doesNotMatch(details.join(), /33612345678/)
  assert.equal(logged.length, 2)
})

test('of a rejected message of any size a bounded part is kept, and its detail has both sizes', () => {
  const format = createFormat({
    ...{ format: 'json', registry: null, schema: null, timeZone: 'UTC', source: { mapped: {} } },
    onSchema: () => undefined,
  })
  const rows = createMessageRows(1)
  const bytes = Buffer.alloc(40 * 2 ** 20, 32)
  const places = { bytes, offset: 0, timestampMs: 0, keyFrom: -1, keyTo: -1 }
  addMessage(rows, newColumns(), { ...places, valueFrom: 0, valueTo: bytes.length - 1 }, format)
  assert.match(
    detailOf(rows, 0, 'malformed') ?? '',
    /^the first 16777216 of its 41943039 bytes are kept/,
  )
  assert.ok(rows.raw(0).length < 23 * 2 ** 20)
})

test('the detail of a rejected message states which of its headers and key are not kept', () => {
  const format = createFormat({
    ...{ format: 'json', registry: null, schema: null, timeZone: 'UTC', source: { mapped: {} } },
    onSchema: () => undefined,
  })
  const detailWith = (key: Buffer, headers: readonly Header[]): string | null => {
    const rows = createMessageRows(1)
    const bytes = Buffer.concat([key, Buffer.from('[]'), encodeHeaders(headers)])
    const places = { bytes, offset: 0, timestampMs: 0, keyFrom: 0, keyTo: key.length }
    const value = { valueFrom: key.length, valueTo: key.length + 2 }
    addMessage(rows, newColumns(), { ...places, ...value }, format)
    rows.details.clear()
    return detailOf(rows, 0, 'malformed')
  }
  const key = Buffer.from('33612345678')
  const few: Header[] = [['trace', Buffer.from('1')]]
  assert.equal(detailWith(key, []), null)
  assert.equal(detailWith(key, few), null)
  assert.equal(
    detailWith(Buffer.alloc(2 ** 24 + 1), few),
    'the first 16777216 of the 16777217 bytes of its key are kept',
  )
  assert.equal(
    detailWith(key, [['trace', Buffer.alloc(2 ** 24)]]),
    'its headers of 16777221 bytes are not kept',
  )
  const many = Array.from({ length: 1001 }, (): Header => ['trace', null])
  assert.equal(detailWith(key, many), 'the first 1000 of its 1001 headers are kept')
})

test('a record of any time has a dead letter', () => {
  for (const timestampMs of [8.64e15 + 1, 2 ** 63, -(2 ** 62)]) {
    const raw = { key: null, value: null, timestampMs }
    const state = { positions: new Map(), store: { partition: 0 } }
    const letter = {
      ...{ key: Buffer.alloc(40), reason: 'no-value', raw, detail: undefined },
      state,
    }
    for (const headers of ['own', 'kip-1034'] as const) {
      const route = { deadLetterTopic: 'letters', headers }
      const message = messageOfLetter(
        letter as unknown as Parameters<typeof messageOfLetter>[0],
        route,
      )
      const { timestamp = 0n } = message as { timestamp?: bigint }
      Buffer.alloc(8).writeBigInt64BE(timestamp)
    }
  }
})

test('an answer of a registry that has no end is not read to it; a page is not one', async () => {
  const bodies = ['<html></html>', `"${'x'.repeat(5 * 2 ** 20)}"`]
  const server = createServer((_, response) => response.end(bodies.shift()))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const errors: string[] = []
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const registry = createRegistry({ url, credentials: null }, (message) => errors.push(message))
  try {
    assert.deepEqual(await registry.byKey(7), { fault: 'has more than 4194304 bytes' })
    assert.match(
      errors.join(),
      /answers \/schemas\/ids\/7 with status 200, which is not an answer of a registry; check --reg/,
    )
  } finally {
    registry.close()
    server.close()
    server.closeAllConnections()
  }
})
