// A history is divided over partitions as its topic is, or refused when nobody knows how.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import { encodeKey, TEXT_KEY, type KeyEncoding } from '../../../src/record/key-encoding.ts'
import { partitionByHash, type HashName } from '../../../src/record/key-hash.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { takeSnapshot } from '../../../src/snapshot/take.ts'
import { withView } from '../../../state/read.ts'
import { OPTIONS as SNAPSHOT_OPTIONS } from '../../snapshot/subscribers.ts'
import { sampleIn } from '../files/samples.ts'
import { replay } from '../files/replaying.ts'
import { consumeTopic, type Changes } from './consuming.ts'
import { foreignProducer, rowsOf, type Row } from './messages.ts'

const PARTITIONS = 3
const PLUS: KeyEncoding = { kind: 'plus-text', prefix: [0x2b] }

describe('a history of a topic', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  async function send(topic: string, rows: readonly Row[], hash: HashName, encoding: KeyEncoding) {
    const producer = await foreignProducer(broker.bootstrap)
    const into = new Uint8Array(40)
    const messages = rows.map(({ key, value }) => {
      const length = encodeKey(encoding, Number(key), into)
      const partition = partitionByHash(hash, into, 0, length, PARTITIONS)
      return { key: Buffer.from(into.slice(0, length)), value, partition }
    })
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  /** The first half of a file, a topic with the second half, and the state of the whole. */
  async function withHalves(
    subscribers: number,
    hash: HashName,
    encoding: KeyEncoding,
    work: (half: string, topic: string, whole: string, directory: string) => Promise<void>,
  ): Promise<void> {
    await withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows: 2000, dirt: 0, subscribers })
      const [early, late] = ['early', 'late'].map((name) => join(directory, `${name}.parquet`))
      await halve(file, early, late)
      const topic = uniqueName('keys')
      await broker.createTopic(topic, { partitions: PARTITIONS })
      await send(topic, await rowsOf(late, 'avro'), hash, encoding)
      const whole = join(directory, 'whole')
      await replay([file], whole, { state: { partitions: PARTITIONS } })
      await work(early, topic, whole, directory)
    })
  }

  const consume = (topic: string, state: string, changes: Changes) =>
    consumeTopic(broker.bootstrap, topic, state, changes)

  for (const [hash, encoding] of [
    ['crc32', TEXT_KEY],
    ['fnv1a', PLUS],
    ['murmur2', TEXT_KEY],
  ] as const) {
    test(`of ${hash} over ${encoding.kind} has each subscriber in one partition`, () =>
      withHalves(400, hash, encoding, async (half, topic, whole, directory) => {
        const state = join(directory, 'state')
        const { progress, warnings } = await consume(topic, state, { history: [half] })
        assert.ok(warnings.some((text) => /divided as the topic is/.test(text)))
        assert.equal(progress.consumer?.topics[0].partitioner.hash, hash)
        assert.equal(progress.consumer.topics[0].misrouted, 0)
        const [found, expected] = [await readBack(state), await readBack(whole)]
        assert.equal(found.subscribers.length, expected.subscribers.length)
        assert.equal(found.hash, expected.hash)
      }))
  }

  test('with too few keys needs --partitioner, which the keys may contradict', () =>
    withHalves(50, 'crc32', TEXT_KEY, async (half, topic, whole, directory) => {
      const state = join(directory, 'state')
      await assert.rejects(consume(topic, state, { history: [half] }), {
        code: 'state-options',
        message: /unknown \(\d+ distinct keys, 200 are needed; crc32 .*--partitioner murmur2/,
      })
      await assert.rejects(consume(topic, state, { history: [half], partitioner: 'murmur2' }), {
        code: 'state-options',
        message: /contradicts the keys/,
      })
      await consume(topic, state, { history: [half], partitioner: 'crc32' })
      assert.equal((await readBack(state)).hash, (await readBack(whole)).hash)
      // Once divided, the option is not needed again.
      await consume(topic, state, { history: [half] })
      assert.equal((await readBack(state)).hash, (await readBack(whole)).hash)
    }))

  test('whose rows of a subscriber are in two partitions: a snapshot counts these exactly', () =>
    withDirectory(async (directory) => {
      const rows = await rowsOf(await sampleIn(directory, { rows: 300, dirt: 0 }), 'avro')
      const topic = uniqueName('split')
      await broker.createTopic(topic, { partitions: PARTITIONS })
      await send(topic, rows, 'murmur2', TEXT_KEY)
      // These lie in a second partition, most of them, by another hash.
      const again = rows.slice(0, 40)
      await send(topic, again, 'crc32', TEXT_KEY)
      const into = new Uint8Array(40)
      const placeOf = (key: string | null, hash: HashName): number =>
        partitionByHash(hash, into, 0, encodeKey(TEXT_KEY, Number(key), into), PARTITIONS)
      const split = new Set(
        again
          .map(({ key }) => key)
          .filter((key) => placeOf(key, 'murmur2') !== placeOf(key, 'crc32')),
      )
      assert.ok(split.size > 5)
      const state = join(directory, 'state')
      const { progress } = await consume(topic, state, {})
      const { snapshot } = await withView(state, (view) =>
        takeSnapshot(view, SNAPSHOT_OPTIONS, () => 0),
      )
      assert.equal(snapshot.splitSubscribers, split.size)
      const distinct = new Set(rows.map(({ key }) => key))
      assert.equal(snapshot.subscribers, distinct.size)
      assert.equal(progress.consumer?.topics[0].partitioner.hash, null, 'no hash explains all keys')
    }))

  test('that is empty needs --partitioner; one partition does not', () =>
    withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows: 300, dirt: 0 })
      for (const partitions of [1, 2]) {
        const topic = uniqueName('empty')
        await broker.createTopic(topic, { partitions })
        const state = join(directory, topic)
        const run = consume(topic, state, { history: [file] })
        if (partitions > 1) await assert.rejects(run, { message: /unknown \(0 distinct keys/ })
        else assert.equal((await run).progress.done, true)
      }
    }))
})

/** Divides a file at the median of its Start. */
async function halve(file: string, early: string, late: string): Promise<void> {
  const start = `epoch_ms(strptime("Start", '%-m/%-d/%Y %-H:%M'))`
  const rows = `read_parquet(${literal(file)})`
  await withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
    for (const [sign, path] of [
      ['<', early],
      ['>=', late],
    ]) {
      const median = `(SELECT median(${start}) FROM ${rows})`
      const query = `SELECT * FROM ${rows} WHERE ${start} ${sign} ${median}`
      await connection.run(`COPY (${query}) TO ${literal(path)} (FORMAT parquet)`)
    }
  })
}
