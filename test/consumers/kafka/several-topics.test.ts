// Topics that are read together: each with its own decisions and positions, into one state.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { partitionBy } from '../../../src/record/topic-keys.ts'
import { TEXT_KEY } from '../../../src/record/key-encoding.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { replay } from '../files/replaying.ts'
import { sampleIn } from '../files/samples.ts'
import { consumed, consumeTopic, type Changes } from './consuming.ts'
import { foreignProducer, rowsOf, sendRows, type Row } from './messages.ts'

const PARTITIONS = 3
const PACKING = { partitions: PARTITIONS, batches: [40], codec: 'none' } as const

/** The same row with its duration in microseconds; a dirty one stays as it is. */
function inMicroseconds({ key, value }: Row): Row {
  const row = JSON.parse(String(value)) as Record<string, number | null>
  const ms = row['Dur. (ms)']
  if (typeof ms !== 'number') return { key, value }
  return { key, value: Buffer.from(JSON.stringify({ ...row, 'Dur. (ms)': ms * 1000 })) }
}

/** Two topics that share the rows of a file: Avro in ms, JSON in microseconds; and its replay. */
async function withTwo(
  changes: Parameters<typeof sampleIn>[1],
  work: (setting: {
    brokers: string[]
    directory: string
    topics: [string, string]
    parts: [Row[], Row[]]
    expected: Awaited<ReturnType<typeof readBack>>
  }) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const broker = await sharedBroker()
    const path = await sampleIn(directory, changes)
    await replay([path], join(directory, 'files'))
    const [avro, json] = [await rowsOf(path, 'avro'), await rowsOf(path, 'json')]
    const half = Math.floor(avro.length / 2)
    const topics: [string, string] = [uniqueName('xdr-4g'), uniqueName('xdr-5g')]
    for (const topic of topics) await broker.createTopic(topic, { partitions: PARTITIONS })
    await work({
      ...{ brokers: broker.bootstrap, directory, topics },
      parts: [avro.slice(0, half), json.slice(half).map(inMicroseconds)],
      expected: await readBack(join(directory, 'files')),
    })
  })
}

describe('several topics', needsKafka(), () => {
  test('of different formats and units give the state of the same rows, over a restart', () =>
    withTwo({ rows: 1200, dirt: 0.05 }, async ({ brokers, directory, topics, parts, expected }) => {
      const state = join(directory, 'state')
      const groupId = uniqueName('group')
      const read = () => consumed(brokers, topics, state, { groupId, instanceId: 'member' })
      for (const cut of [
        [0, 400],
        [400, 600],
      ]) {
        for (const [at, topic] of topics.entries()) {
          await sendRows(brokers, topic, parts[at].slice(...cut), PACKING)
        }
        const { progress, logs } = await read()
        assert.ok(progress.done)
        assert.equal(logs.length, 2 * PARTITIONS, 'each topic has its own positions')
        assert.equal(progress.counters.duplicate, 0)
        assert.equal(progress.counters.rows, 2 * (cut[1] - cut[0]))
      }
      const found = await read()
      assert.equal(found.progress.counters.rows, 0, 'nothing is read twice')
      assert.equal(found.hash, expected.hash)
      assert.deepEqual(found.rejected, expected.rejected)
      const { sources, consumer, reconciliation } = found.progress
      assert.deepEqual(
        sources.map(({ name, durationUnit }) => [name, durationUnit]),
        [
          [topics[0], 'ms'],
          [topics[1], 'us'],
        ],
      )
      assert.deepEqual(
        reconciliation?.map(({ name, read: rows, gap }) => [name, rows, gap]).sort(),
        topics.map((name) => [name, 600, 0]),
      )
      assert.deepEqual(
        consumer?.partitions.map(({ topic, partition }) => `${topic}/${partition}`),
        [0, 1, 2].flatMap((partition) => topics.map((topic) => `${topic}/${partition}`)),
      )
    }))

  test('may become more: one that is named later is read from its beginning', () =>
    withTwo({ rows: 600, dirt: 0 }, async ({ brokers, directory, topics, parts, expected }) => {
      const state = join(directory, 'state')
      const groupId = uniqueName('group')
      const [first, second] = topics
      await sendRows(brokers, first, parts[0], PACKING)
      await sendRows(brokers, second, parts[1], PACKING)
      const before = await consumed(brokers, first, state, { groupId })
      assert.equal(before.applied, parts[0].length)
      const found = await consumed(brokers, topics, state, { groupId })
      assert.equal(found.progress.counters.rows, parts[1].length)
      assert.equal(found.hash, expected.hash)
    }))

  test('of which one was recreated stop at a gap that names it', () =>
    withTwo({ rows: 300, dirt: 0 }, async ({ brokers, directory, topics, parts }) => {
      const broker = await sharedBroker()
      const state = join(directory, 'state')
      for (const [at, topic] of topics.entries()) await sendRows(brokers, topic, parts[at], PACKING)
      const changes = { groupId: uniqueName('group') }
      await consumeTopic(brokers, topics, state, changes)
      await broker.deleteTopic(topics[1])
      await broker.createTopic(topics[1], { partitions: PARTITIONS })
      const stops = new RegExp(`topic ${topics[1]}, partition \\d: this is not the topic`)
      await assert.rejects(consumeTopic(brokers, topics, state, changes), stops)
    }))

  const refused = (
    topics: readonly string[],
    brokers: readonly string[],
    directory: string,
    text: RegExp,
    changes: Changes = {},
  ) => assert.rejects(consumeTopic(brokers, topics, join(directory, 'state'), changes), text)

  test('with different numbers of partitions are refused, with both', () =>
    withDirectory(async (directory) => {
      const broker = await sharedBroker()
      const topics = [uniqueName('three'), uniqueName('two')]
      await broker.createTopic(topics[0], { partitions: 3 })
      await broker.createTopic(topics[1], { partitions: 2 })
      const text = new RegExp(`"${topics[0]}" has 3 partitions and "${topics[1]}" has 2; expected`)
      await refused(topics, broker.bootstrap, directory, text)
    }))

  test('with different partitioners are refused before a row is applied, with both', () =>
    withTwo({ rows: 3000, dirt: 0 }, async ({ brokers, directory, topics, parts }) => {
      await sendRows(brokers, topics[0], parts[0], PACKING)
      const producer = await foreignProducer(brokers)
      const crc32 = { hash: 'crc32', encoding: TEXT_KEY } as const
      const messages = parts[1].map(({ key, value }) => {
        return { key, value, partition: partitionBy(crc32, Number(key), PARTITIONS) }
      })
      await producer.send({ topic: topics[1], messages })
      const evidence = (hash: string) => `${hash} of text explains all of 200 distinct keys`
      const [first, second] = topics
      const text = `("${first}": ${evidence('murmur2')}; "${second}": ${evidence('crc32')})`
      await refused(topics, brokers, directory, new RegExp(text.replace(/[()]/g, '\\$&')))
      assert.equal((await readBack(join(directory, 'state'))).applied, 0)
    }))

  test('are refused with a history', () =>
    withTwo({ rows: 60, dirt: 0 }, ({ brokers, directory, topics }) =>
      refused(topics, brokers, directory, /--history is given with the topics .*; expected one/, {
        history: [join(directory, 'any.parquet')],
      }),
    ))

  test('are refused in a group whose members read other topics', () =>
    withTwo({ rows: 60, dirt: 0 }, async ({ brokers, directory, topics }) => {
      const groupId = uniqueName('group')
      const refusals: Promise<void>[] = []
      const alone = { groupId, untilCaughtUp: false, instanceId: 'alone' }
      const other = join(directory, 'other')
      await consumeTopic(brokers, topics[0], other, alone, ({ consumer, state }, stop) => {
        if (state !== 'running' || consumer === null || refusals.length > 0) return
        refusals.push(
          refused(topics, brokers, directory, /members .* with other topics than/, {
            groupId,
          }).finally(stop),
        )
      })
      await Promise.all(refusals)
      assert.equal(refusals.length, 1)
    }))
})
