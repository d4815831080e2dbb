// Messages of any producer: columns in envelopes by --map, other record types by --record-type.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import avro from 'avsc'
import { PulseError } from '../../../src/errors.ts'
import { FILE_COLUMNS } from '../../../src/record/columns.ts'
import type { MappedColumns } from '../../../src/record/mapped-columns.ts'
import { parseMap } from '../../../src/record/parse-map.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { needsKafka } from '../../broker.ts'
import type { Operations } from '../../broker-operations.ts'
import { withRegistryStandIn, type RegistryStandIn } from '../../schema-registry.ts'
import { pulse } from '../../e2e/command.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic } from './consuming.ts'
import { sendRows, type Row } from './messages.ts'
import { cleanRows, topicOf, underId } from './registered-rows.ts'

const OWN = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
type Values = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>
const valuesOf = ({ value }: Row): Values => OWN.fromBuffer(value) as Values

/** The schema's fields under names that are not known, in the order of FILE_COLUMNS. */
const FIELDS = XDR_SCHEMA.fields.map(({ type }, at) => ({ name: `f${at}`, type: [...type] }))
const VALUE = { type: 'record', name: 'Value', fields: FIELDS }
const ENVELOPE = {
  ...{ type: 'record', name: 'Envelope', namespace: 'shop.xdr' },
  fields: [
    { name: 'before', type: ['null', VALUE] },
    { name: 'after', type: ['null', 'Value'] },
    { name: 'op', type: 'string' },
  ],
}
const MAPPED: MappedColumns = Object.fromEntries(
  FILE_COLUMNS.map(({ name }, at) => [name, ['after', `f${at}`]]),
)
const type = avro.Type.forSchema(ENVELOPE as unknown as avro.Schema, { wrapUnions: true })

/** A row as the change of a table; of one that is deleted, `after` is null. */
function changeOf(row: Row, op: 'c' | 'd' = 'c'): Row {
  const values = Object.values(valuesOf(row))
  const value = Object.fromEntries(values.map((one, at) => [`f${at}`, one]))
  const record = { 'shop.xdr.Value': value }
  const [previous, after] = op === 'c' ? [null, record] : [record, null]
  return { key: row.key, value: type.toBuffer({ before: previous, after, op }) }
}

describe('messages of other producers', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    rows = await cleanRows()
  })
  const mappedBy = (mapped: MappedColumns) => ({ units: { ...AUTO_UNITS, mapped } })
  const from = ({ url }: RegistryStandIn) => ({ registry: { url, credentials: null } })
  const plainHash = async (directory: string): Promise<string> =>
    (await consumed(broker.bootstrap, await topicOf(broker, rows), join(directory, 'plain'))).hash
  const packing = { partitions: 1, batches: [50], codec: 'none' } as const

  test('the record after a change is read by --map, which is kept; a deletion is rejected', () =>
    withDirectory((directory) =>
      withRegistryStandIn({}, async (registry) => {
        const id = registry.register('xdr-value', ENVELOPE)
        const made = rows.map((row) => underId(changeOf(row), id))
        const topic = await topicOf(broker, made.slice(0, 200))
        const state = join(directory, 'state')
        const first = { ...from(registry), ...mappedBy(MAPPED) }
        await consumed(broker.bootstrap, topic, state, first)
        await sendRows(broker.bootstrap, topic, made.slice(200), packing)
        const found = await consumed(broker.bootstrap, topic, state, from(registry))
        assert.deepEqual([found.applied, found.rejected], [rows.length, {}])
        assert.equal(found.hash, await plainHash(directory))
        const deletion = underId(changeOf(rows[0], 'd'), id)
        await sendRows(broker.bootstrap, topic, [deletion], packing)
        const later = await consumed(broker.bootstrap, topic, state, from(registry))
        assert.deepEqual([later.applied, later.rejected], [rows.length, { 'no-value': 1 }])
        const { stdout } = await pulse(['rejected', '--state', state])
        assert.match(stdout, /no-value +"after" is null, and --map finds needed columns in it/)
        assert.deepEqual(found.logs[0].mapped, MAPPED)
        const other = { ...MAPPED, 'Total DL (Bytes)': ['after', 'f1'] }
        await assert.rejects(
          consumed(broker.bootstrap, topic, state, { ...from(registry), ...mappedBy(other) }),
          /applied with --map .*Total DL \(Bytes\)=after\.f54.* \(asked for: .*=after\.f1\), expected/,
        )
      }),
    ))

  test('JSON in an envelope is refused with the text of --map, and read with it', () =>
    withDirectory(async (directory) => {
      const named = rows.map((row) => {
        const entries = Object.entries(valuesOf(row)).map(([name, value]) => [
          name,
          value === null ? null : Object.values(value)[0],
        ])
        const payload = { op: 'c', after: Object.fromEntries(entries) as unknown }
        return { key: row.key, value: Buffer.from(JSON.stringify({ schema: {}, payload })) }
      })
      const topic = await topicOf(broker, named)
      const state = join(directory, 'state')
      let text = ''
      await assert.rejects(consumed(broker.bootstrap, topic, state), (error: unknown) => {
        assert.ok(error instanceof PulseError && error.code === 'input-column')
        text =
          /"payload\.after" has what is missing: add --map "([^"]*)"/.exec(error.message)?.[1] ?? ''
        return true
      })
      const parsed = parseMap(text)
      assert.ok('mapped' in parsed, text)
      const found = await consumed(broker.bootstrap, topic, state, mappedBy(parsed.mapped))
      assert.deepEqual([found.applied, found.rejected], [rows.length, {}])
      assert.equal(found.hash, await plainHash(directory))
    }))

  test('messages of other record types are left out and counted, also when the option is repeated', () =>
    withDirectory((directory) =>
      withRegistryStandIn({}, async (registry) => {
        const xdr = registry.register('xdr-value', { ...XDR_SCHEMA, namespace: 'a.b' })
        const event = { type: 'record', name: 'Event', namespace: 'a.b', fields: XDR_SCHEMA.fields }
        const other = registry.register('event-value', event)
        const title = registry.register('note-value', { title: 'Note', type: 'object' }, 'JSON')
        const note = { key: '1', value: Buffer.from('{"text":"x"}') }
        const mixed = rows.flatMap((row) => [
          underId(row, xdr),
          underId(row, other),
          underId(note, title),
        ])
        const topic = await topicOf(broker, mixed)
        const state = join(directory, 'state')
        const units = { ...AUTO_UNITS, recordTypes: ['XdrSession'] }
        const { progress, warnings } = await consumeTopic(
          ...([[broker.bootstrap].flat(), topic, state, { ...from(registry), units }] as const),
        )
        const [source] = progress.reconciliation ?? []
        assert.equal(source.otherTypes, 2 * rows.length)
        assert.deepEqual([source.read, source.applied, source.gap], [rows.length, rows.length, 0])
        assert.equal(progress.consumer?.otherTypes, 2 * rows.length)
        for (const name of ['a.b.Event', 'Note']) {
          const said = warnings.filter((one) => one.includes(`record type "${name}"`))
          assert.equal(said.length, 1, warnings.join('\n'))
        }
        await sendRows(broker.bootstrap, topic, [underId(rows[0], other)], packing)
        const found = await consumed(broker.bootstrap, topic, state, from(registry))
        assert.equal(found.hash, await plainHash(directory))
        assert.equal(found.logs[0].otherTypes, 2 * rows.length + 1)
        const asked = { ...from(registry), units: { ...AUTO_UNITS, recordTypes: ['Event'] } }
        await assert.rejects(
          consumed(broker.bootstrap, topic, state, asked),
          /applied with --record-type XdrSession \(asked for: Event\)/,
        )
      }),
    ))
})
