// JSON has no schema: what a topic's messages name decides which columns are missing, and which absent.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { pulse } from '../../e2e/command.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, readConsumed } from './consuming.ts'
import { foreignProducer, type Row } from './messages.ts'
import { cleanRows } from './registered-rows.ts'

type Cells = Record<string, unknown>

/** A session of 60 s in milliseconds, so that the unit shows. */
const cells = (at: number): Cells => ({
  MSISDN: 33600000001 + (at % 7),
  'Bearer Id': at,
  Start: 1556668800000 + at * 1000,
  End: 1556668860000 + at * 1000,
  duration: 60_000,
  'Total DL': 1000 + at,
  'Total UL': 10 + at,
})
const without = (row: Cells, ...names: string[]): Cells =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)))
const list = (count: number, make: (row: Cells, at: number) => Cells): Cells[] =>
  Array.from({ length: count }, (_, at) => make(cells(at), at))

interface Listed {
  rows: { row: number; reason: string; detail?: string }[]
}

describe('JSON messages', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let avroRows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    avroRows = await cleanRows()
  })

  const send = async (topic: string, values: readonly (Cells | Row)[]): Promise<void> => {
    const producer = await foreignProducer(broker.bootstrap)
    const messages = values.map((one) =>
      Buffer.isBuffer(one.value) ? { value: one.value } : { value: JSON.stringify(one) },
    )
    await producer.send({ topic, messages })
    await producer.disconnect()
  }
  const topicWith = async (values: readonly (Cells | Row)[]): Promise<string> => {
    const topic = uniqueName('json')
    await broker.createTopic(topic, { partitions: 1 })
    await send(topic, values)
    return topic
  }

  test('of a producer that omits null are rows whose number is missing, in any order', () =>
    withDirectory(async (directory) => {
      // More than enough to refuse a topic, before the first message that has the column.
      const omits = (row: Cells, at: number): Cells =>
        at < 50 ? without(row, 'Total UL') : at % 3 === 0 ? without(row, 'duration') : row
      const spelt = (row: Cells, at: number): Cells => ({
        ...row,
        ...(at < 50 ? { 'Total UL': null } : at % 3 === 0 ? { duration: null } : {}),
      })
      const state = join(directory, 'omitted')
      const topic = await topicWith(list(90, omits))
      const omitted = await consumed(broker.bootstrap, topic, state)
      const nulls = await topicWith(list(90, spelt))
      const expected = await consumed(broker.bootstrap, nulls, join(directory, 'null'))
      assert.deepEqual([omitted.applied, omitted.rejected], [90, {}])
      assert.equal(omitted.hash, expected.hash)
      assert.equal(omitted.missing['Total UL (Bytes)'], 50)
      // What the topic has is kept: one message of a later run does not change it.
      await send(topic, [without(cells(90), 'Total UL'), without(cells(91), 'MSISDN')])
      const later = await consumed(broker.bootstrap, topic, state)
      assert.deepEqual([later.applied, later.rejected], [91, { 'missing-msisdn': 1 }])
    }))

  test('without a needed column are refused as a whole, by its name and the nearest found', () =>
    withDirectory(async (directory) => {
      const topic = await topicWith(
        list(40, (row, at) => ({ ...without(row, 'duration'), elapsed_ms: 60_000 + at })),
      )
      const state = join(directory, 'state')
      await assert.rejects(consumed(broker.bootstrap, topic, state), {
        code: 'input-column',
        message:
          /^topic json\S*: 40 JSON messages of 40 rows lack needed columns: "Dur\. \(ms\)" \(nearest found: "elapsed_ms"\)/,
      })
      assert.equal((await readConsumed(state)).applied, 0)
    }))

  test('that are few and lack a column are rejected, and others are applied', () =>
    withDirectory(async (directory) => {
      const odd = list(3, (row) => without(row, 'duration', 'Total UL'))
      const rows: (Cells | Row)[] = [odd[0], ...avroRows.slice(0, 60), ...odd.slice(1)]
      const state = join(directory, 'state')
      const found = await consumed(broker.bootstrap, await topicWith(rows), state)
      assert.deepEqual([found.applied, found.rejected], [60, { 'incompatible-schema': 3 }])
      const { stdout } = await pulse(['rejected', '--state', state, '--json'])
      const listed = (JSON.parse(stdout) as Listed).rows
      assert.deepEqual(
        listed.map(({ row }) => row),
        [0, 61, 62],
      )
      for (const { reason, detail } of listed) {
        assert.equal(reason, 'incompatible-schema')
        assert.match(
          detail ?? '',
          /^JSON: needed columns are in no message of the topic: "Dur\. \(ms\)" \(nearest/,
        )
        assert.ok(!(detail ?? '').includes('336'), 'no value')
      }
      const text = (await pulse(['rejected', '--state', state])).stdout
      assert.match(text, /detail .*\n.*incompatible-schema +JSON: needed columns are in no/s)
      // Nothing shows yet that the topic has these columns.
      const before = await pulse(['rejected', '--state', state, '--reprocess', '--json'])
      assert.equal((JSON.parse(before.stdout) as { applied: number }).applied, 0)
    }))
})
