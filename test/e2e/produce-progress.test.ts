// The progress of a producer is an offset in Kafka: what a resume reads, and what it does without one.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { quietClient } from '../../scripts/kafka/client.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, withPulse } from './command.ts'
import { readTopic, type Produced } from './produced.ts'

const ROWS = 3000

interface Reconciliation {
  sent: number
  alreadySent: number
  recordsRead: number
  complete: boolean
}

/** The number of different rows; fails when one is there twice. */
function rowsOnce(found: readonly Produced[]): number {
  const rows = new Set(found.map(({ source, row }) => `${source} ${row}`))
  assert.equal(found.length, rows.size, 'no row is there twice')
  return rows.size
}

describe('the progress of a producer', needsKafka(), () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  const to = (paths: readonly string[], topic: string, ...more: string[]): string[] => [
    ...['produce', ...paths, '--kafka', broker.bootstrap.join(','), '--topic', topic],
    ...['--compression', 'none', '--json', ...more],
  ]

  async function newTopic(): Promise<string> {
    const topic = uniqueName('progress')
    await broker.createTopic(topic, { partitions: 2 })
    return topic
  }

  async function produce(path: string, topic: string, ...more: string[]): Promise<Reconciliation> {
    const { code, stdout, stderr } = await pulse(to([path], topic, ...more))
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout) as Reconciliation
  }

  async function refused(argv: string[], sentence: RegExp, exitCode = 1): Promise<void> {
    const { code, stderr } = await pulse(argv)
    assert.match(stderr, sentence)
    assert.equal(code, exitCode, stderr)
  }

  /** Stops a producer after its first rows; returns the number of rows sent. */
  async function stopped(path: string, topic: string): Promise<number> {
    return withPulse(to([path], topic, '--rate', '1500'), async (running) => {
      await until('rows', async () => (await readTopic(broker.bootstrap, topic)).length > 0)
      running.process.kill('SIGTERM')
      const { stdout } = await running.ended
      const { sent, complete } = JSON.parse(stdout) as Reconciliation
      assert.equal(complete, false)
      return sent
    })
  }

  /** As the expiry of committed offsets does. Returns the groups' ids. */
  async function deleteProgress(topic: string): Promise<string[]> {
    const admin = quietClient({ brokers: broker.bootstrap, retry: { retries: 8 } }).admin()
    await admin.connect()
    try {
      const { groups } = await admin.listGroups()
      const ids = groups.map(({ groupId }) => groupId).filter((id) => id.includes(`.${topic}.`))
      await admin.deleteGroups(ids)
      return ids
    } finally {
      await admin.disconnect()
    }
  }

  async function deleteAllRecords(topic: string): Promise<void> {
    for (const partition of [0, 1]) await broker.deleteRecords(topic, partition, -1)
  }

  test('a resume reads no record of the topic, and sends the rest', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0.2 })
      const other = await sampleIn(directory, { rows: ROWS, dirt: 0, seed: 2 })
      const topic = await newTopic()
      const sent = await stopped(path, topic)
      await produce(other, topic)
      const rest = await produce(path, topic)
      assert.deepEqual([rest.alreadySent, rest.recordsRead], [sent, 0])
      const again = await produce(path, topic)
      assert.deepEqual([again.sent, again.alreadySent, again.recordsRead], [0, sent + rest.sent, 0])
      const found = await readTopic(broker.bootstrap, topic)
      assert.equal(rowsOnce(found), sent + rest.sent + ROWS)
    }))

  test('without a committed offset the headers of the topic show the rows', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = await newTopic()
      const sent = await stopped(path, topic)
      const groups = await deleteProgress(topic)
      assert.deepEqual(groups.length, 1)
      assert.match(groups[0], /^xdr-pulse-produce\.progress-[0-9a-f]+\.[0-9a-f]{32}$/)
      const rest = await produce(path, topic)
      assert.deepEqual([rest.sent, rest.alreadySent], [ROWS - sent, sent])
      assert.equal(rest.recordsRead, sent)
      assert.equal(rowsOnce(await readTopic(broker.bootstrap, topic)), ROWS)
      // The rows that were found are part of the progress now.
      const again = await produce(path, topic)
      assert.deepEqual([again.sent, again.recordsRead], [0, 0])
    }))

  test('rows that were consumed and deleted are not sent again', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = await newTopic()
      const sent = await stopped(path, topic)
      await deleteAllRecords(topic)
      const rest = await produce(path, topic)
      assert.deepEqual([rest.sent, rest.alreadySent], [ROWS - sent, sent])
      assert.equal(rowsOnce(await readTopic(broker.bootstrap, topic)), ROWS - sent)

      await deleteAllRecords(topic)
      await deleteProgress(topic)
      const lost = /holds 0 of its 3000 rows, partition 0 begins at offset \d+, .*--from-row 0/
      await refused(to([path], topic), lost)
      const tooMany = to([path], topic, '--from-row', '3001')
      await refused(tooMany, /has 3000 rows; expected at most 3000/, 2)
      const last = await produce(path, topic, '--from-row', String(ROWS - 10))
      assert.deepEqual([last.sent, last.alreadySent], [10, ROWS - 10])
      // What is in the topic is not sent again, whatever the option gives.
      await deleteProgress(topic)
      const all = await produce(path, topic, '--from-row', '0')
      assert.deepEqual([all.sent, all.alreadySent], [ROWS - 10, 10])
      assert.equal(rowsOnce(await readTopic(broker.bootstrap, topic)), ROWS)
    }))

  test('a topic that was deleted and created again gets all rows', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = await newTopic()
      await produce(path, topic)
      await broker.deleteTopic(topic)
      await broker.createTopic(topic, { partitions: 2 })
      assert.equal((await produce(path, topic)).sent, ROWS)
    }))

  test('a resume with other options of reading is refused', () =>
    withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = await newTopic()
      const sent = await stopped(path, topic)
      await refused(
        to([path], topic, '--time-zone', 'Europe/Paris'),
        new RegExp(`its first ${sent} rows were sent with timeZone .*UTC.* \\(now: .*Europe/Paris`),
      )
      assert.equal(rowsOnce(await readTopic(broker.bootstrap, topic)), sent)
    }))

  for (const which of ['the first', 'the second', 'both']) {
    test(`a second producer of ${which} of two files takes over from the first one`, () =>
      withDirectory(async (directory) => {
        const paths = [
          await sampleIn(directory, { rows: ROWS, dirt: 0, seed: 1 }),
          await sampleIn(directory, { rows: ROWS, dirt: 0, seed: 2 }),
        ]
        const second = which === 'both' ? paths : [paths[which === 'the first' ? 0 : 1]]
        const topic = await newTopic()
        await withPulse(to(paths, topic, '--rate', '400'), async (running) => {
          await until('rows', async () => (await readTopic(broker.bootstrap, topic)).length > 0)
          const { code, stderr } = await pulse(to(second, topic))
          assert.equal(code, 0, stderr)
          const first = await running.ended
          assert.equal(first.code, 1, first.stderr)
          assert.match(first.stderr, /another "produce" sends this file to topic .* has taken over/)
        })
        await pulse(to(paths, topic))
        assert.equal(rowsOnce(await readTopic(broker.bootstrap, topic)), 2 * ROWS)
      }))
  }
})
