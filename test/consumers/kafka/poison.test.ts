// Poison: a message that is not a row is rejected with its reason and kept to the byte.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { CompressionTypes } from 'kafkajs'
import type { Reason } from '../../../src/record/batch.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { withRegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic, type Changes, type Rejected } from './consuming.ts'
import { foreignProducer, rowsOf, wireHeader, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const MIB = 2 ** 20

interface Poison {
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
const poisons = (row: Buffer): Poison[] => [
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
    const values = fc.sample(value, { seed: SEED, numRuns: 2000 })
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
      const units = { durationUnit: 'ms', forceUnits: false } as const
      const changes = { onGap: 'earliest', units } as const
      const passed = await consumeTopic(broker.bootstrap, topic, state, changes)
      assert.deepEqual(passed.progress.consumer?.gapsPassed, { gaps: 1, records: 1 })
      const [{ position }] = (await readBack(state)).positions
      const { next: at, applied, rejected, skipped } = position
      assert.deepEqual([at, applied, rejected, skipped], [bombs + 2, 1, bombs, 1])
    }))
})
