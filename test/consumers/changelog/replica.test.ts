// A replica has what the members have: at equal positions to the bit, after any number of stops.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { takeSnapshot } from '../../../src/snapshot/take.ts'
import { withView } from '../../../state/read.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { sampleIn } from '../files/samples.ts'
import { consumed } from '../kafka/consuming.ts'
import { foreignProducer, rowsOf, type Row } from '../kafka/messages.ts'
import { OPTIONS } from '../../snapshot/subscribers.ts'
import { followUntil, hasRead } from './following.ts'

const PARTITIONS = 3

/** The snapshot of a state as text, without its number: that counts the commits of a directory. */
const snapshotText = (directory: string): Promise<string> =>
  withView(directory, (view) => {
    const { snapshot } = takeSnapshot(view, OPTIONS, () => 0)
    return JSON.stringify({ ...snapshot, number: 0 })
  })

describe('a replica', needsKafka(), () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: 900, dirt: 0.1 }), 'avro')
    })
  })

  /** Sends rows by their keys, as Kafka's default partitioner does. */
  async function fill(topic: string, some: readonly Row[]): Promise<void> {
    const producer = await foreignProducer(broker.bootstrap)
    await producer.send({ topic, messages: some.map(({ key, value }) => ({ key, value })) })
    await producer.disconnect()
  }

  /** Reads the topic to its end as a member; returns the ends by partition and the hash. */
  async function ingest(topic: string, state: string, prefix: string) {
    const changelog = { prefix, intervalMs: 200 }
    const { logs, hash } = await consumed(broker.bootstrap, topic, state, { changelog })
    return { ends: logs.map(({ next }) => next), hash }
  }

  test('has the state of the members, continues after a stop, and gives the same snapshot', () =>
    withDirectory(async (directory) => {
      const [topic, prefix] = [uniqueName('replica'), uniqueName('changelog')]
      const [member, first, second] = ['member', 'first', 'second'].map((one) =>
        join(directory, one),
      )
      await broker.createTopic(topic, { partitions: PARTITIONS })
      await fill(topic, rows.slice(0, 500))
      const half = await ingest(topic, member, prefix)
      const begun = await followUntil(broker.bootstrap, prefix, first, hasRead(half.ends))
      assert.equal((await readBack(first)).hash, half.hash)
      assert.deepEqual(
        begun.progress.replica?.partitions.map(({ checkpoint }) => checkpoint !== null),
        [true, true, true],
      )
      await fill(topic, rows.slice(500))
      const whole = await ingest(topic, member, prefix)
      // One continues, the other begins now.
      await followUntil(broker.bootstrap, prefix, first, hasRead(whole.ends))
      await followUntil(broker.bootstrap, prefix, second, hasRead(whole.ends))
      const members = await readBack(member)
      for (const state of [first, second]) {
        const found = await readBack(state)
        assert.deepEqual([found.hash, found.hours], [whole.hash, members.hours])
        assert.deepEqual([found.rejected, found.coerced], [members.rejected, members.coerced])
        assert.equal(found.subscribers.length, members.subscribers.length)
      }
      const snapshots = await Promise.all([member, first, second].map(snapshotText))
      assert.equal(snapshots[1], snapshots[0])
      assert.equal(snapshots[2], snapshots[0])
    }))
})
