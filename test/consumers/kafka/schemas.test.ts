// Schemas that evolve: each row is decoded by its writer's schema, under any names of its fields.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import avro from 'avsc'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { needsKafka } from '../../broker.ts'
import type { Operations } from '../../broker-operations.ts'
import { withRegistryStandIn, type RegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import type { Row } from './messages.ts'
import { cleanRows, topicOf, underId } from './registered-rows.ts'

interface Field {
  name: string
  type: unknown
  default?: unknown
  aliases?: string[]
  doc?: string
}
type Fields = readonly Field[]
const FIELDS: Fields = XDR_SCHEMA.fields.map(({ name, type }) => ({ name, type: [...type] }))
const OWN = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
const NEEDED =
  /^(bearer_id|start|start_ms_part|end|end_ms_part|dur_ms|msisdn_number)$|^(social|google|email|youtube|netflix|gaming|other|total)/

const record = (fields: Fields) => ({ type: 'record', name: 'Xdr', namespace: 'a.b', fields })
const change = (name: RegExp, to: (field: Field) => Field): Field[] =>
  FIELDS.map((field) => (name.test(field.name) ? to(field) : field))

/** Values of a row by name, each under its branch of the union, as avsc represents it. */
type Values = Record<string, Record<string, unknown> | null>
const valuesOf = ({ value }: Row): Values => OWN.fromBuffer(value) as Values
const plain = (value: Record<string, unknown> | null): unknown =>
  value === null ? null : Object.values(value)[0]

/** A version of the schema; `write` returns the values of a record of it. */
interface Step {
  name: string
  fields: Fields
  write: (values: Values) => Record<string, unknown>
}

const same = (values: Values): Record<string, unknown> => values
const number =
  (name: string, type: string): Step['write'] =>
  (values) => ({
    ...values,
    [name]: Number(plain(values[name]) ?? 0),
    ...(type === 'nullable' ? { [name]: { long: Number(plain(values[name]) ?? 0) } } : {}),
  })
const renamed =
  (from: string, to: string): Step['write'] =>
  (values) => ({
    ...values,
    [to]: values[from],
  })

const STEPS: readonly Step[] = [
  { name: 'as it is', fields: FIELDS, write: same },
  {
    name: 'fields added, first and last',
    fields: [
      { name: 'region', type: { type: 'array', items: 'string' }, default: [] },
      ...FIELDS,
      { name: 'cell', type: ['null', { type: 'map', values: 'long' }], default: null },
    ],
    write: (values) => ({ ...values, region: ['a', 'b'], cell: { map: { x: 1 } } }),
  },
  {
    name: 'unused fields removed',
    fields: FIELDS.filter(({ name }) => NEEDED.test(name)),
    write: same,
  },
  { name: 'fields in another order', fields: FIELDS.toReversed(), write: same },
  {
    name: 'an int',
    fields: change(/^start_ms_part$/, (field) => ({ ...field, type: 'int' })),
    write: number('start_ms_part', 'int'),
  },
  {
    name: 'promoted to long',
    fields: change(/^start_ms_part$/, (field) => ({ ...field, type: 'long' })),
    write: number('start_ms_part', 'long'),
  },
  {
    name: 'promoted to double',
    fields: change(/^start_ms_part$/, (field) => ({ ...field, type: 'double' })),
    write: number('start_ms_part', 'double'),
  },
  {
    name: 'made nullable',
    fields: change(/^start_ms_part$/, (field) => ({ ...field, type: ['null', 'long'] })),
    write: number('start_ms_part', 'nullable'),
  },
  {
    name: 'renamed, with the former name as alias',
    fields: change(/^msisdn_number$/, (field) => ({
      ...field,
      ...{ name: 'line', aliases: ['msisdn_number'] },
    })),
    write: renamed('msisdn_number', 'line'),
  },
]

describe('a registry', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    rows = await cleanRows()
  })

  const read = (topic: string, directory: string, registry: Pick<RegistryStandIn, 'url'>) =>
    consumed(broker.bootstrap, topic, join(directory, topic), {
      registry: { url: registry.url, credentials: null },
    })

  test("with versions of a subject: each row is decoded by its writer's schema", () =>
    withDirectory((directory) =>
      withRegistryStandIn({}, async (registry) => {
        const types = STEPS.map(({ fields, write }) => {
          const id = registry.register('xdr-value', record(fields))
          const schema = record(fields) as unknown as avro.Schema
          return { id, write, type: avro.Type.forSchema(schema, { wrapUnions: true }) }
        })
        assert.equal(new Set(types.map(({ id }) => id)).size, STEPS.length)
        const evolved = rows.map((row, at) => {
          const { id, write, type } = types[at % types.length]
          return underId(row, id, type.toBuffer(write(valuesOf(row))))
        })
        const found = await read(await topicOf(broker, evolved), directory, registry)
        const expected = await consumed(
          ...([broker.bootstrap, await topicOf(broker, rows), join(directory, 'raw')] as const),
        )
        assert.deepEqual(found.rejected, {})
        assert.equal(found.applied, rows.length)
        assert.equal(found.hash, expected.hash)
      }),
    ))

  test('whose latest schema alone has the aliases of a former name, also of an optional field', () =>
    withDirectory((directory) =>
      withRegistryStandIn({}, async (registry) => {
        const old = new Map([
          ['msisdn_number', 'line'],
          ['start_ms_part', 'begin_fraction'],
        ])
        const older = FIELDS.map((field) => ({ ...field, name: old.get(field.name) ?? field.name }))
        const id = registry.register('xdr-value', record(older))
        const aliased = FIELDS.map((field) => {
          const alias = old.get(field.name)
          return alias === undefined ? field : { ...field, aliases: [alias] }
        })
        registry.register('xdr-value', record(aliased))
        const found = await read(
          await topicOf(
            broker,
            rows.map((row) => underId(row, id)),
          ),
          directory,
          registry,
        )
        const raw = await topicOf(broker, rows)
        const expected = await consumed(broker.bootstrap, raw, join(directory, 'raw'))
        assert.equal(found.hash, expected.hash)

        // All needed fields have known names; only the milliseconds of Start are renamed.
        const begins = FIELDS.map((field) => ({
          ...field,
          name: field.name === 'start_ms_part' ? 'begin_fraction' : field.name,
        }))
        const other = registry.register('xdr-value', record(begins))
        registry.register('xdr-value', record([...aliased, { name: 'z', type: 'null' }]))
        const again = await read(
          await topicOf(
            broker,
            rows.map((row) => underId(row, other)),
          ),
          directory,
          registry,
        )
        assert.equal(again.hash, expected.hash)
      }),
    ))
})
