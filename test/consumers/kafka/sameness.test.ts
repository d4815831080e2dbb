// Kafka = Parquet: the same rows give the same state from either source.
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { produceFiles } from '../../../src/producer/run.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { withRegistryStandIn } from '../../schema-registry.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack } from '../../state-directory.ts'
import { XDR_SCHEMA } from '../../../src/record/xdr-schema.ts'
import { consumed, type Changes, type Consumed } from './consuming.ts'
import { rowsOf, sendRows, type Packing, type Row, type Shape } from './messages.ts'
import { replay } from '../files/replaying.ts'
import { sampleIn } from '../files/samples.ts'

const SAMPLE = { rows: 3000, dirt: 0.05 }

describe('the same rows by Kafka and by Parquet', needsKafka(), () => {
  let broker: Operations
  let home = ''
  let path = ''
  /** Of a replay of the file: the oracle of replays is in other tests. */
  let expected: Pick<Consumed, 'hash' | 'applied' | 'rejected' | 'missing'>

  before(async () => {
    broker = await sharedBroker()
    home = await mkdtemp(join(tmpdir(), 'xdr-pulse-sameness-'))
    path = await sampleIn(home, SAMPLE)
    await replay([path], join(home, 'parquet'))
    expected = await readBack(join(home, 'parquet'))
    assert.ok(Object.keys(expected.rejected).length >= 3, 'the sample is dirty')
  })
  after(() => rm(home, { recursive: true }))

  async function compare(topic: string, changes: Changes = {}): Promise<Consumed> {
    const found = await consumed(broker.bootstrap, topic, join(home, topic), changes)
    assert.deepEqual(found.rejected, expected.rejected)
    assert.equal(found.applied, expected.applied)
    assert.equal(found.hash, expected.hash)
    assert.ok(found.progress.done)
    return found
  }

  async function send(rows: Row[], packing: Packing): Promise<string> {
    const topic = uniqueName('same')
    await broker.createTopic(topic, { partitions: packing.partitions })
    await sendRows(broker.bootstrap, topic, rows, packing)
    return topic
  }

  const WAYS: [Shape, Packing][] = [
    ['avro', { partitions: 1, batches: [1, 7, 3000], codec: 'gzip' }],
    ['avro', { partitions: 3, batches: [1, 2, 50], codec: 'snappy' }],
    ['json', { partitions: 8, batches: [200], codec: 'lz4' }],
    ['short-json', { partitions: 3, batches: [999], codec: 'zstd' }],
    ['avro', { partitions: 8, batches: [33, 500], codec: 'none' }],
  ]
  for (const [shape, packing] of WAYS) {
    const { partitions, batches, codec } = packing
    test(`${shape} in ${partitions} partitions, ${codec}, batches of ${batches.join(', ')}`, async () => {
      const rows = await rowsOf(path, shape)
      const found = await compare(await send(rows, packing))
      assert.equal(found.logs.length, partitions)
      const read = found.logs.reduce((all, { next }) => all + next, 0)
      assert.equal(read, rows.length)
    })
  }

  test('in the wire format, by a registry', () =>
    withRegistryStandIn({ firstId: 7000 }, async ({ url, register, requests }) => {
      const id = register('same-value', XDR_SCHEMA)
      const packing: Packing = { partitions: 3, batches: [1000], codec: 'gzip' }
      const topic = await send(await rowsOf(path, 'wire', id), packing)
      await compare(topic, { registry: { url, credentials: null } })
      assert.ok(requests().has(`GET /schemas/ids/${id}`))
    }))

  const OWN: ['avro' | 'json', number, 'none' | 'lz4' | 'zstd'][] = [
    ['avro', 3, 'lz4'],
    ['json', 8, 'zstd'],
    ['avro', 1, 'none'],
  ]
  for (const [format, partitions, compression] of OWN) {
    test(`sent by produce as ${format} in ${partitions} partitions, ${compression}`, async () => {
      const topic = uniqueName('same')
      const { connection } = {
        connection: { brokers: broker.bootstrap, clientId: 'test', tls: null, sasl: null },
      }
      const produced = await produceFiles(
        {
          ...{ files: [path], connection, topic, partitions, create: true },
          ...{ format, registry: null, compression },
          ...{ speed: null, fromRow: null, shiftTo: null, units: AUTO_UNITS, timeZone: 'UTC' },
        },
        { onProgress: () => undefined, onNote: () => undefined, onTrouble: () => undefined },
      ).ended
      assert.equal(produced.sent, SAMPLE.rows)
      await compare(topic, { format })
    })
  }

  test('JSON by the Java console producer, in its own batches', async () => {
    const rows = (await rowsOf(path, 'json')).slice(0, 500)
    const topic = uniqueName('same')
    await broker.createTopic(topic, { partitions: 1 })
    const lines = rows.map(({ key, value }) => `${key ?? 'NONE'}\t${String(value)}\n`).join('')
    await broker.javaTool(
      'console-producer',
      [
        ...['--topic', topic, '--compression-codec', 'snappy', '--property', 'parse.key=true'],
        ...['--property', 'null.marker=NONE'],
      ],
      lines,
    )
    const java = await consumed(broker.bootstrap, topic, join(home, topic))
    const same = await send(rows, { partitions: 1, batches: [500], codec: 'none' })
    const foreign = await consumed(broker.bootstrap, same, join(home, same))
    assert.equal(java.applied + java.rejectedRows.length, 500)
    assert.equal(java.hash, foreign.hash)
    assert.deepEqual(java.rejectedRows, foreign.rejectedRows)
  })
})
