// Transactions: committed rows are applied once, aborted rows never, rows of open ones not yet.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed } from './consuming.ts'
import { fetchWhole, readByHand, recordsOf } from '../../kafka/fetching.ts'
import { foreignProducer, messagesOf, rowsOf, sendRows, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

type Wrote = (from: number, to: number) => Promise<unknown>

describe('transactions', needsKafka(), () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: 1000, dirt: 0 }), 'avro')
    })
  })

  async function makeTopic(): Promise<string> {
    const topic = uniqueName('transactions')
    await broker.createTopic(topic, { partitions: 1 })
    return topic
  }

  /** The hash of a state of exactly these rows. */
  async function hashOf(list: readonly Row[], directory: string): Promise<string> {
    const topic = await makeTopic()
    const packing = { partitions: 1, batches: [1000], codec: 'none' } as const
    await sendRows(broker.bootstrap, topic, list, packing)
    return (await consumed(broker.bootstrap, topic, join(directory, topic))).hash
  }

  /**
   * Two transactional producers and a plain one, in turns; the last transaction stays open, with
   * plain rows after it. Returns the committed rows before it, those after it, and its end.
   */
  async function fill(topic: string) {
    const { bootstrap } = broker
    const [a, b, plain] = await Promise.all([
      foreignProducer(bootstrap, uniqueName('a')),
      foreignProducer(bootstrap, uniqueName('b')),
      foreignProducer(bootstrap),
    ])
    const part = (from: number, to: number) => ({
      topic,
      messages: messagesOf(rows.slice(from, to)),
    })
    const inOne = async (end: 'commit' | 'abort', work: (write: Wrote) => Promise<unknown>) => {
      const transaction = await a.transaction()
      await work((from, to) => transaction.send(part(from, to)))
      await transaction[end]()
    }
    await inOne('abort', (write) => write(0, 100))
    await inOne('abort', (write) => write(100, 200))
    await inOne('commit', (write) => write(200, 300))
    const around = await b.transaction()
    await around.send(part(300, 350))
    await inOne('commit', (write) => write(350, 450))
    await around.send(part(450, 500))
    await inOne('abort', async (write) => {
      await write(500, 550)
      await plain.send(part(550, 560))
      await write(560, 600)
    })
    await around.abort()
    await inOne('abort', (write) => write(600, 610))
    await plain.send(part(610, 700))
    const open = await a.transaction()
    await open.send(part(700, 800))
    await plain.send(part(800, 850))
    const committed = [...rows.slice(200, 300), ...rows.slice(350, 450), ...rows.slice(550, 560)]
    return {
      committed: [...committed, ...rows.slice(610, 700)],
      behind: rows.slice(800, 850),
      end: async () => {
        await open.abort()
        await Promise.all([a, b, plain].map((producer) => producer.disconnect()))
      },
    }
  }

  test('only committed rows are applied, once, up to the stable offset, and later the rest', () =>
    withDirectory(async (directory) => {
      const topic = await makeTopic()
      const { committed, behind, end } = await fill(topic)
      const whole = await fetchWhole(broker.bootstrap, topic, 0)
      const producers = whole.aborted.map(({ producerId }) => producerId)
      assert.ok(producers.length >= 5, 'one response has five aborted transactions')
      assert.equal(new Set(producers).size, 2)
      assert.ok(whole.endOffset > whole.stableOffset, 'a transaction is open')

      const state = join(directory, 'state')
      const first = await consumed(broker.bootstrap, topic, state)
      const [log] = first.logs
      assert.equal(log.next, whole.stableOffset)
      assert.equal(log.applied, committed.length)
      assert.equal(log.skipped, whole.stableOffset - committed.length)
      assert.equal(first.progress.consumer?.partitions[0].lagRecords, 0)
      assert.equal(first.hash, await hashOf(committed, directory))

      await end()
      const second = await consumed(broker.bootstrap, topic, state)
      assert.equal(second.logs[0].applied, committed.length + behind.length)
      assert.equal(second.logs[0].next, whole.endOffset + 1, 'after the abort marker')
      assert.equal(second.hash, await hashOf([...committed, ...behind], directory))
    }))

  test('responses may end, and reading may stop, anywhere in a transaction', () =>
    withDirectory(async (directory) => {
      const topic = await makeTopic()
      const { committed, behind, end } = await fill(topic)
      await end()
      const expected = await hashOf([...committed, ...behind], directory)
      const { records } = await fetchWhole(broker.bootstrap, topic, 0)
      assert.equal(recordsOf(records).length, 850, 'the broker sends aborted rows too')
      const reached = { cut: 0, within: 0, again: 0 }
      for (const maxPartitionBytes of [1, 3000, 20_000, 70_000]) {
        const by = { maxPartitionBytes, stopEvery: 37 }
        const found = await readByHand(
          broker.bootstrap,
          topic,
          join(directory, `${by.maxPartitionBytes}`),
          by,
        )
        assert.equal(found.hash, expected)
        assert.equal(found.duplicates, 0, 'records that are fetched again are no duplicates')
        for (const name of ['cut', 'within', 'again'] as const) reached[name] += found[name]
      }
      assert.ok(reached.cut > 3, `${reached.cut} responses end within a batch`)
      assert.ok(
        reached.within > 5,
        `${reached.within} responses begin within an aborted transaction`,
      )
      assert.ok(reached.again > 100, `${reached.again} records were fetched again`)
    }))
})
