// Rows that may be in a state already are not applied from a second source.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { requireNoFiles } from '../../../consumers/ingest/double-rows.ts'
import { createPosition } from '../../../state/partition-metadata.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { replay } from '../files/replaying.ts'
import { sampleIn } from '../files/samples.ts'
import { consumeTopic, type Changes } from './consuming.ts'
import { foreignProducer, messagesOf, rowsOf } from './messages.ts'

const ROWS = 200

describe('a state that holds', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  /** A file, and a topic with the same rows. */
  const withBoth = (work: (file: string, topic: string, directory: string) => Promise<void>) =>
    withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = uniqueName('double')
      await broker.createTopic(topic, { partitions: 1 })
      const producer = await foreignProducer(broker.bootstrap)
      await producer.send({ topic, messages: messagesOf(await rowsOf(file, 'avro'), 0) })
      await producer.disconnect()
      await work(file, topic, directory)
    })

  const consume = (topic: string, state: string, changes: Changes = {}) =>
    consumeTopic(broker.bootstrap, topic, state, changes)

  test('a topic refuses a replay, and is not changed', () =>
    withBoth(async (file, topic, directory) => {
      const state = join(directory, 'state')
      await consume(topic, state)
      const { hash } = await readBack(state)
      await assert.rejects(replay([file], state), {
        code: 'state-options',
        message: /holds rows of the topic "double-.*may be in it twice.*--history/,
      })
      const found = await readBack(state)
      assert.deepEqual([found.hash, found.applied], [hash, ROWS])
    }))

  test('a history refuses a replay of other files, also before the topic is read', () =>
    withBoth(async (file, topic, directory) => {
      const state = join(directory, 'state')
      await broker.createTopic(`${topic}-empty`, { partitions: 1 })
      await consume(`${topic}-empty`, state, { history: [file] })
      await assert.rejects(replay([file], state), {
        code: 'state-options',
        message: /holds the history of a topic/,
      })
      assert.equal((await readBack(state)).applied, ROWS)
    }))

  test('replayed files refuses a topic, and a history of other files', () =>
    withBoth(async (file, topic, directory) => {
      const state = join(directory, 'state')
      await replay([file], state)
      await assert.rejects(consume(topic, state), {
        code: 'state-options',
        message: /holds rows of the file .* without a cut-over/,
      })
      const others = await sampleIn(join(directory, 'state'), { rows: 50, seed: 8 })
      await assert.rejects(consume(topic, state, { history: [others] }), { code: 'state-options' })
      await assert.rejects(consume(topic, state, { history: [file], cutover: 1 }), {
        code: 'state-options',
      })
      assert.equal((await readBack(state)).applied, ROWS)
    }))

  test('the files of its history counts them once', () =>
    withBoth(async (file, topic, directory) => {
      const state = join(directory, 'state')
      await replay([file], state)
      const { progress } = await consume(topic, state, { history: [file] })
      assert.equal(progress.done, true)
      assert.equal((await readBack(state)).applied, ROWS)
    }))
})

test('a topic is not read after a part of its history', () => {
  const file = { name: 'month.parquet', kind: 'file', rows: 10, order: 'file' } as const
  const position = createPosition({ ...file, durationUnit: 'ms', evidence: '' })
  const at = (next: number) => [[['id', { ...position, next }]] as [string, typeof position][]]
  assert.throws(() => requireNoFiles(at(7), 1), { message: /7 of 10 rows of .*month\.parquet/ })
  requireNoFiles(at(10), 1)
  requireNoFiles(at(0), 1)
})
