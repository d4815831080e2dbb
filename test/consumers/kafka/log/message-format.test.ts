// Which format a value has, by header, frame and first byte, and why one is rejected.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import avro from 'avsc'
import {
  createFormat,
  DECODED,
  OTHER_TYPE,
  WAITING,
} from '../../../../consumers/kafka/log/message-format.ts'
import type { FormatOptions } from '../../../../consumers/kafka/log/format-options.ts'
import { encodeHeaders, type Header } from '../../../../src/kafka/headers.ts'
import type { RegisteredSchema, SchemaRegistry } from '../../../../src/kafka/schema-registry.ts'
import { outcomeOf } from '../../../../src/record/batch.ts'
import { AMOUNTS, PLACE, USED_COLUMNS } from '../../../../src/record/columns.ts'

const MALFORMED = outcomeOf('malformed')
const INCOMPATIBLE = outcomeOf('incompatible-schema')
const NO_VALUE = outcomeOf('no-value')
const GUID = '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
const NAME = '__value_schema_id'

const named = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '_')
const fields = USED_COLUMNS.map((name) => ({ name: named(name), type: 'long', aliases: [] }))
const FLAT = { type: 'record', name: 'Flat', fields }
/** A body of the schema: MSISDN 336, all other columns 7. */
const BODY = avro.Type.forSchema(FLAT as avro.Schema).toBuffer(
  Object.fromEntries(fields.map(({ name }, at) => [name, at === 0 ? 336 : 7])),
)
const JSON_ROW = '{"MSISDN":336,"Dur. (ms)":1,"Total DL":2,"Total UL":3}'

const frame = (id: number, body: Uint8Array | string): Buffer => {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return Buffer.concat([header, Buffer.from(body)])
}
const guidHeader = (guid = GUID): Header => [
  NAME,
  Buffer.from(`01${guid.replaceAll('-', '')}`, 'hex'),
]
const idHeader = (id: number): Header => [NAME, frame(id, '')]

interface Stored extends Partial<RegisteredSchema> {
  subject?: string
}

/** A registry of schemas by id, GUID, or `subject/version`. */
const registryOf = (schemas: Readonly<Record<string, Stored>>): SchemaRegistry => {
  const stored = new Map(Object.entries(schemas))
  const at = (key: string | number): RegisteredSchema | null => {
    const found = stored.get(String(key))
    return found === undefined
      ? null
      : { type: 'AVRO', schema: null, references: [], size: 0, ...found }
  }
  return {
    byKey: (key) => Promise.resolve(at(key)),
    subjectOf: (id) => Promise.resolve(stored.get(String(id))?.subject ?? null),
    version: (subject, version) => Promise.resolve(at(`${subject}/${version}`)),
    close: () => undefined,
  }
}

interface Decoded {
  outcome: number
  msisdn: number
  detail: string
  lacking: number
}

/** Decodes values one after another, each with its schema if it needs one. */
async function decodeAll(
  values: readonly (readonly [value: Uint8Array | string, headers?: Header[]])[],
  changes: Partial<FormatOptions> = {},
): Promise<{ rows: Decoded[]; reported: string[] }> {
  const reported: string[] = []
  const format = createFormat({
    ...{
      format: 'auto',
      registry: null,
      schema: FLAT,
      timeZone: 'UTC',
      source: { mapped: {} },
      ...changes,
    },
    onSchema: (message) => reported.push(message),
  })
  const rows: Decoded[] = []
  for (const [value, headers = []] of values) {
    const body = Buffer.from(value)
    const bytes = Buffer.concat([Buffer.from('{"'), body, encodeHeaders(headers), Buffer.from('}')])
    const columns = USED_COLUMNS.map(() => Float64Array.of(NaN))
    const decode = () => format.decode(bytes, 2, 2 + body.length, columns, 0)
    let outcome = decode()
    if (outcome === WAITING) {
      await format.learn(format.wanted())
      outcome = decode()
    }
    const detail = outcome === DECODED ? '' : format.detail()
    rows.push({ outcome, msisdn: columns[PLACE.msisdn][0], detail, lacking: format.lacking() })
  }
  return { rows, reported }
}

const isRow = ({ outcome, msisdn }: Decoded): boolean => outcome === DECODED && msisdn === 336

test('a schema is named by frame, by id in a header, or by GUID in a header', async () => {
  const registry = registryOf({ 7: { schema: FLAT }, [GUID]: { schema: FLAT } })
  const other: Header = ['trace', Buffer.from('x'.repeat(100))]
  const none: Header = ['empty', null]
  const long: Header = ['long'.repeat(50), Buffer.alloc(20_000)]
  const many = Array.from({ length: 70 }, () => none)
  const { rows } = await decodeAll(
    [
      [frame(7, BODY)],
      [BODY, [idHeader(7)]],
      [BODY, [guidHeader()]],
      [BODY, [other, none, guidHeader(), other]],
      [BODY, [long, other, guidHeader()]],
      [BODY, [...many, guidHeader()]],
      [frame(7, BODY), [other, ['__key_schema_id', guidHeader()[1]]]],
    ],
    { registry },
  )
  assert.deepEqual(
    rows.map(isRow),
    rows.map(() => true),
    JSON.stringify(rows),
  )
})

test('a header wins over bytes that look like a frame or JSON', async () => {
  // The body begins with a zero, as a frame does: a value of null in a union.
  const nullable = { type: 'record', name: 'N', fields: [{ name: 'a', type: ['null', 'int'] }] }
  const schema = { ...nullable, fields: [...nullable.fields, ...fields] }
  const registry = registryOf({ [GUID]: { schema } })
  const body = Buffer.concat([Buffer.from([0]), BODY])
  const { rows } = await decodeAll([[body, [guidHeader()]]], { registry })
  assert.ok(isRow(rows[0]), rows[0].detail)
})

test('JSON is found after a byte order mark and blanks, in frames, and behind a header', async () => {
  const texts: readonly string[] = [JSON_ROW, `\ufeff${JSON_ROW}`, ` \n\r\t${JSON_ROW}\n`]
  for (const format of ['auto', 'json'] as const) {
    const { rows } = await decodeAll(
      texts.flatMap((text) => [[text] as const, [frame(7, text)] as const]),
      { format },
    )
    assert.deepEqual(rows.map(isRow), [true, true, true, true, true, true], JSON.stringify(rows))
    assert.deepEqual(new Set(rows.map(({ lacking }) => lacking)), new Set([0]))
  }
  const registry = registryOf({ 7: { type: 'JSON', schema: { type: 'object' } } })
  const { rows } = await decodeAll(
    [[JSON_ROW], [frame(7, `\ufeff${JSON_ROW}`)], [JSON_ROW, [idHeader(7)]]],
    { registry },
  )
  assert.deepEqual(rows.map(isRow), [true, true, true], JSON.stringify(rows))
})

test('raw Avro that looks like a frame of JSON is Avro, and lacks nothing', async () => {
  const { rows } = await decodeAll([[BODY], [frame(7, '{]')]])
  assert.ok(isRow(rows[0]))
  assert.equal(rows[0].lacking, -1)
  assert.equal(rows[1].outcome, MALFORMED)
  assert.match(rows[1].detail, /it may be a frame with schema id 7, which needs --registry$/)
})

test('types of other subjects are found, also through a chain of references', async () => {
  const number = { type: 'record', name: 'Number', namespace: 'n', fields: [] }
  const reference = (subject: string, version = 1) => ({ subject, version })
  const isdn = { type: 'fixed', name: 'n.Isdn', size: 8, logicalType: 'decimal', precision: 15 }
  const wrapped = [...fields]
  wrapped[0] = { ...wrapped[0], type: 'n.Isdn' }
  const inner = { type: 'record', name: 'Extra', fields: [{ name: 'n', type: 'n.Number' }] }
  const extra = { name: 'extra', type: 'Extra', aliases: [] }
  const registry = registryOf({
    7: {
      schema: { ...FLAT, fields: [...wrapped, extra] },
      references: [reference('extra', 3), reference('isdn')],
    },
    'isdn/1': { schema: isdn },
    'extra/3': { schema: inner, references: [reference('number')] },
    'number/1': { schema: number },
    8: { subject: 's', schema: FLAT, references: [reference('gone', 9)] },
    9: { subject: 'round', schema: FLAT, references: [reference('round')] },
    'round/1': { schema: FLAT, references: [reference('round')] },
  })
  const number336 = Buffer.alloc(8)
  number336.writeInt32BE(336, 4)
  // A long of 336 has two bytes.
  const body = Buffer.concat([number336, BODY.subarray(2)])
  const { rows } = await decodeAll([[frame(7, body)], [frame(8, BODY)], [frame(9, BODY)]], {
    registry,
  })
  assert.ok(isRow(rows[0]), rows[0].detail)
  assert.equal(
    rows[1].detail,
    'schema 8 (Avro, of subject "s"): it refers to version 9 of "gone", which the registry does not have',
  )
  assert.match(rows[2].detail, /^schema 9 \(Avro, of subject "round"\): it defines a type twice/)
})

test('a rejected message has schema id, subject, type and cause; one report per schema', async () => {
  const lacks = { ...FLAT, fields: fields.filter(({ name }) => name !== named('Total DL (Bytes)')) }
  const renamed = [...lacks.fields, { name: 'total_dl_octets', type: 'long' }]
  const registry = registryOf({
    3: { type: 'PROTOBUF', schema: 'syntax = "proto3";', subject: 'proto-value' },
    4: { schema: { ...FLAT, fields: renamed }, subject: 'xdr-value' },
    5: { schema: FLAT },
    [GUID]: { type: 'PROTOBUF' },
  })
  const values = [
    [frame(3, BODY)],
    [frame(4, BODY)],
    [frame(99, BODY)],
    [BODY, [guidHeader()]],
    [frame(5, BODY.subarray(0, -1))],
    ['nonsense'],
    [''],
  ] as const
  const { rows, reported } = await decodeAll([...values, ...values] as never, { registry })
  const details = rows.map(({ outcome, detail }) => [outcome, detail])
  assert.deepEqual(details.slice(0, values.length), details.slice(values.length))
  assert.deepEqual(details.slice(0, values.length), [
    [
      INCOMPATIBLE,
      'schema 3 (Protobuf, of subject "proto-value"): Protobuf is not supported; send Avro or JSON',
    ],
    [
      INCOMPATIBLE,
      'schema 4 (Avro, of subject "xdr-value"): the column "Total DL (Bytes)" is missing ' +
        '(nearest found: "Total_UL__Bytes_", "total_dl_octets", "Google_DL__Bytes_"); rename the ' +
        'column or add it; if "Flat" is not a record of sessions, name those that are with --record-type',
    ],
    [INCOMPATIBLE, 'schema 99: the registry does not have it'],
    [
      INCOMPATIBLE,
      `schema GUID ${GUID} (Protobuf, of no subject): Protobuf is not supported; send Avro or JSON`,
    ],
    [MALFORMED, `Avro: the body of ${BODY.length - 1} bytes does not match schema 5`],
    [
      MALFORMED,
      'the value has 8 bytes and begins with 0x6e, expected JSON, or the byte 0 and a schema id ' +
        'of 4 bytes',
    ],
    [MALFORMED, 'the value is empty, expected JSON, or the byte 0 and a schema id of 4 bytes'],
  ])
  assert.equal(reported.length, 4, 'one for each schema, not for each message')
  assert.match(reported[0], /^messages are rejected as incompatible-schema: schema 3 \(Protobuf/)
})

test('only named record types are read: by full or short name in Avro, by title in JSON', async () => {
  const title = { type: 'JSON', schema: { title: 'Flat', type: 'object' } }
  const registry = registryOf({
    7: { schema: { ...FLAT, namespace: 'a.b' } },
    8: { schema: { type: 'record', name: 'a.b.Other', fields: [] } },
    9: title,
    10: { type: 'JSON', schema: { title: 'Note' } },
    11: { type: 'JSON', schema: { type: 'object' } },
    12: { schema: { type: 'record', name: 'Flat', fields: [] } },
    13: { type: 'PROTOBUF' },
  })
  const values = [
    ...([[frame(7, BODY)], [frame(8, ''), []], [frame(9, JSON_ROW)], [frame(10, '{}')]] as const),
    ...([[frame(11, JSON_ROW)], [frame(12, '')], [frame(13, '')], [JSON_ROW]] as const),
  ] as const
  const outcomes = async (...recordTypes: string[]) => {
    const source = { mapped: {}, recordTypes }
    const { rows, reported } = await decodeAll(values as never, { registry, source })
    return { outcomes: rows.map(({ outcome }) => outcome), rows, reported }
  }
  const short = await outcomes('Flat')
  const other = [DECODED, OTHER_TYPE, DECODED, OTHER_TYPE]
  const odd = [INCOMPATIBLE, INCOMPATIBLE, INCOMPATIBLE, INCOMPATIBLE]
  assert.deepEqual(short.outcomes, [...other, ...odd])
  assert.match(
    short.rows[4].detail,
    /^schema 11 \(JSON.*it has no title, which --record-type is comp/,
  )
  assert.match(short.rows[5].detail, /^schema 12 \(Avro.*the column "MSISDN\/Number" is missing/)
  assert.match(short.rows[6].detail, /Protobuf is not supported/)
  assert.match(short.rows[7].detail, /the message names no schema, so it has no record type/)
  assert.deepEqual(
    short.reported.filter((one) => one.includes('left out')),
    [
      'messages of record type "a.b.Other" (schema 8) are left out: --record-type does not name it',
      'messages of record type "Note" (schema 10) are left out: --record-type does not name it',
    ],
  )
  const full = await outcomes('a.b.Flat', 'Note')
  const [, , , note] = full.outcomes
  assert.deepEqual(full.outcomes.slice(0, 3), [DECODED, OTHER_TYPE, OTHER_TYPE])
  assert.equal(note, MALFORMED, 'it is read, and has no known column')
  const { reported } = await decodeAll([[frame(7, BODY)], [frame(9, JSON_ROW)]], { registry })
  assert.deepEqual(reported, [
    'messages of the record types "a.b.Flat" and "Flat" are applied; --record-type names those to read',
  ])
})

test('columns that a schema lacks are missing, and named once', async () => {
  const [needed, start] = [
    ['MSISDN/Number', ...AMOUNTS.slice(0, 3).map(({ column }) => column)],
    'Start',
  ]
  const has = new Set([...needed, start].map(named))
  const schema = { ...FLAT, fields: fields.filter(({ name }) => has.has(name)) }
  const body = avro.Type.forSchema(schema as avro.Schema).toBuffer(
    Object.fromEntries(schema.fields.map(({ name }, at) => [name, at === 0 ? 336 : 7])),
  )
  const registry = registryOf({ 7: { schema } })
  const { rows, reported } = await decodeAll([[frame(7, body)], [frame(7, body)]], { registry })
  assert.ok(rows.every(isRow))
  assert.equal(reported.length, 1)
  assert.match(
    reported[0],
    /^schema 7 lacks columns, .* not in the data: Bearer Id, End, Social Media DL/,
  )
  assert.ok(!reported[0].includes('Start'))
  const raw = await decodeAll([[body]], { schema })
  assert.ok(isRow(raw.rows[0]))
  assert.match(raw.reported[0], /^the schema of --schema lacks columns/)
})

test('a null in place of needed columns is rejected as a row without value, with its path', async () => {
  const schema = {
    type: 'record',
    name: 'Envelope',
    fields: [{ name: 'after', type: ['null', FLAT] }],
  }
  const mapped = Object.fromEntries(USED_COLUMNS.map((name) => [name, ['after', named(name)]]))
  const bytes = Buffer.concat([Buffer.from([2]), BODY])
  const source = { mapped }
  const nothing = Buffer.from([0])
  const { rows } = await decodeAll([[nothing], [bytes], ['{"after":null}']], { schema, source })
  const why = '"after" is null, and --map finds needed columns in it'
  assert.deepEqual(
    rows.map(({ outcome }) => outcome),
    [NO_VALUE, DECODED, NO_VALUE],
  )
  assert.ok(rows[0].detail.startsWith(why) && rows[2].detail.startsWith(why))
  assert.equal(rows[1].msisdn, 336)
  const own = await decodeAll([['{"after":{"MSISDN_Number":336}}']], { schema: null, source })
  assert.equal(own.rows[0].msisdn, 336, 'the map is not that of the schema of produce')
})
