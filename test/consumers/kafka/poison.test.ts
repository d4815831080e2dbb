// Poison: a message that is not a row is rejected with its reason and kept to the byte.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { CompressionTypes } from 'kafkajs'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { withRegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic, type Changes, type Rejected } from './consuming.ts'
import { foreignProducer, rowsOf, wireHeader, type Row } from './messages.ts'
import { poisons, randomValues, type Poison } from './poisons.ts'
import { sampleIn } from '../files/samples.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const MIB = 2 ** 20

describe(`poison (XDR_PULSE_SEED=${SEED})`, { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: 50, dirt: 0 }), 'avro')
    })
  })

  /** Sends poison, each followed by a good row, and checks the outcome of every message. */
  async function drink(list: readonly Poison[], changes: Changes, good: Buffer): Promise<void> {
    const topic = uniqueName('poison')
    await broker.createTopic(topic, { partitions: 1 })
    const producer = await foreignProducer(broker.bootstrap)
    const messages = list.flatMap(({ key = Buffer.from('336'), value }) => [
      { key, value },
      { key: '336', value: good },
    ])
    for (let at = 0; at < messages.length; at += 20) {
      const compression = at % 40 === 0 ? CompressionTypes.GZIP : CompressionTypes.None
      const some = messages.slice(at, at + 20)
      const bytes = some.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
      if (bytes < MIB) await producer.send({ topic, compression, messages: some })
      else for (const one of some) await producer.send({ topic, messages: [one] })
    }
    await producer.disconnect()
    await withDirectory(async (directory) => {
      const found = await consumed(broker.bootstrap, topic, join(directory, 'state'), changes)
      assert.equal(found.logs[0].next, messages.length, 'the position is after all of it')
      const expected = list.flatMap(
        ({ key = Buffer.from('336'), value, reason }, at): Rejected[] =>
          reason === null ? [] : [{ partition: 0, offset: 2 * at, reason, key, value }],
      )
      const names = (rejected: readonly Rejected[]) =>
        rejected.map(({ offset, reason }) => `${list[offset / 2]?.name}: ${reason}`)
      assert.deepEqual(names(found.rejectedRows), names(expected))
      assert.deepEqual(found.rejectedRows, expected, 'key and value to the byte')
      assert.equal(found.applied, messages.length - expected.length, 'every good row is applied')
    })
  }

  test('of every kind is rejected with the right reason, in raw Avro and JSON', () =>
    drink(poisons(rows[0].value), {}, rows[1].value))

  test('of every kind is rejected with the right reason, in the wire format', () =>
    withRegistryStandIn({}, async ({ url, register, requests }) => {
      const id = register('value', XDR_SCHEMA)
      const foreign = register('other', {
        ...{ type: 'record', name: 'Other', fields: [{ name: 'a', type: 'long' }] },
      })
      const proto = register('proto', 'syntax = "proto3";', 'PROTOBUF')
      const wire = (schema: number, body = rows[0].value): Buffer =>
        Buffer.concat([wireHeader(schema), body])
      const more: Poison[] = [
        { name: 'an unknown id', value: wire(9999), reason: 'incompatible-schema' },
        { name: 'a negative id', value: wire(-5), reason: 'incompatible-schema' },
        { name: "another subject's", value: wire(foreign), reason: 'incompatible-schema' },
        { name: 'protobuf', value: wire(proto), reason: 'incompatible-schema' },
        { name: 'a header alone', value: wireHeader(id), reason: 'malformed' },
        { name: 'raw Avro', value: Buffer.from([2, 4]), reason: 'malformed' },
      ]
      // A body that begins with 0 and four more bytes would name a schema.
      const known = poisons(wire(id)).filter(({ name }) => name !== 'open JSON')
      await drink([...known, ...more], { registry: { url, credentials: null } }, wire(id))
      assert.equal(
        requests().get('GET /schemas/ids/9999'),
        3,
        'requested three times, then never again',
      )
    }))

  test('at random is rejected or applied, and never ends the consumer', async () => {
    const good = rows[0].value
    const values = randomValues(good, SEED, 2000)
    const topic = uniqueName('fuzz')
    await broker.createTopic(topic, { partitions: 1 })
    const producer = await foreignProducer(broker.bootstrap)
    await producer.send({ topic, messages: values.map((one) => ({ value: one })) })
    await producer.disconnect()
    await withDirectory(async (directory) => {
      const found = await consumed(broker.bootstrap, topic, join(directory, 'state'))
      assert.equal(found.logs[0].next, values.length)
      assert.ok(found.rejectedRows.length > 500 && found.applied > 10, `${found.applied} applied`)
      for (const { offset, value: kept } of found.rejectedRows) {
        assert.ok(kept?.equals(values[offset]), `offset ${offset}`)
      }
    })
  })

  test('that decompresses to many times its size is rejected, in bounded memory', () =>
    withDirectory(async (directory) => {
      const topic = uniqueName('bomb')
      await broker.createTopic(topic, { partitions: 1 })
      const producer = await foreignProducer(broker.bootstrap)
      const send = (bytes: number) =>
        producer.send({
          topic,
          compression: CompressionTypes.GZIP,
          messages: [{ value: Buffer.alloc(bytes) }],
        })
      const bombs = 12
      for (let i = 0; i < bombs; i++) await send(40 * MIB)
      const state = join(directory, 'state')
      const before = process.memoryUsage().rss
      let most = 0
      const { progress } = await consumeTopic(
        broker.bootstrap,
        topic,
        state,
        { keepRejected: 0 },
        () => {
          most = Math.max(most, process.memoryUsage().rss)
        },
      )
      assert.equal(progress.counters.rejected['malformed'], bombs)
      assert.ok(most > 0 && most - before < 800 * MIB, `${(most - before) / MIB} MiB more`)

      // A batch that exceeds the limit is unreadable: it is reported, and passed only on request.
      await send(100 * MIB)
      await producer.send({ topic, messages: [{ value: rows[0].value }] })
      await producer.disconnect()
      const wanted = {
        code: 'kafka',
        message: /batch at offset 12 has .* do not decompress.*\(1\) cannot/,
      }
      await assert.rejects(consumeTopic(broker.bootstrap, topic, state), wanted)
      // One row is not evidence.
      const units = { ...AUTO_UNITS, durationUnit: 'ms', forceUnits: false } as const
      const changes = { onGap: 'earliest', units } as const
      const passed = await consumeTopic(broker.bootstrap, topic, state, changes)
      assert.deepEqual(passed.progress.consumer?.gapsPassed, { gaps: 1, records: 1 })
      const [{ position }] = (await readBack(state)).positions
      const { next: at, applied, rejected, skipped } = position
      assert.deepEqual([at, applied, rejected, skipped], [bombs + 2, 1, bombs, 1])
    }))
})
