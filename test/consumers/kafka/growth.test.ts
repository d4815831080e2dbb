// A topic that gains partitions is read on: nothing is lost, and a subscriber that moved is summed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { IngestProgress } from '../../../consumers/ingest/progress.ts'
import { encodeKey, TEXT_KEY } from '../../../src/record/key-encoding.ts'
import { partitionByHash } from '../../../src/record/key-hash.ts'
import { takeSnapshot } from '../../../src/snapshot/take.ts'
import { withView } from '../../../state/read.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { OPTIONS as SNAPSHOT_OPTIONS } from '../../snapshot/subscribers.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { replay } from '../files/replaying.ts'
import { sampleIn } from '../files/samples.ts'
import { consumed, consumeTopic, type Changes, type Ended } from './consuming.ts'
import { foreignProducer, rowsOf, type Row } from './messages.ts'

const [BEFORE, AFTER] = [2, 5]

describe('a topic that gains partitions', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  before(async () => {
    broker = await sharedBroker()
  })

  const into = new Uint8Array(40)
  const partitionOf = (key: string | null, partitions: number): number =>
    partitionByHash('murmur2', into, 0, encodeKey(TEXT_KEY, Number(key), into), partitions)

  /** Sends rows as a producer that knows this number of partitions. */
  async function send(topic: string, rows: readonly Row[], partitions: number): Promise<void> {
    const producer = await foreignProducer(broker.bootstrap)
    const messages = rows.map(({ key, value }) => {
      return { key, value, partition: partitionOf(key, partitions) }
    })
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  /** Rows of few subscribers, the hash of all of them in one partition, and the first half sent. */
  async function withRows(
    work: (
      topic: string,
      rows: { all: Row[]; late: Row[]; hash: string },
      state: string,
    ) => Promise<void>,
  ): Promise<void> {
    await withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows: 2000, dirt: 0, subscribers: 300 })
      await replay([file], join(directory, 'whole'), { state: { partitions: 1 } })
      const { hash } = await readBack(join(directory, 'whole'))
      const all = await rowsOf(file, 'avro')
      const topic = uniqueName('grown')
      await broker.createTopic(topic, { partitions: BEFORE })
      await send(topic, all.slice(0, 1000), BEFORE)
      await work(topic, { all, late: all.slice(1000), hash }, join(directory, 'state'))
    })
  }

  const grownOnce = (warnings: readonly string[], topic: string): void => {
    const sentence = `the topic "${topic}" has grown from ${BEFORE} to ${AFTER} partitions`
    assert.equal(warnings.filter((text) => text.startsWith(sentence)).length, 1)
  }

  /** Keys that are in two partitions: of their early and of their late rows. */
  const splitOf = ({ all, late }: { all: Row[]; late: Row[] }): number => {
    const early = new Set(all.slice(0, all.length - late.length).map(({ key }) => key))
    const moved = late
      .map(({ key }) => key)
      .filter((key) => early.has(key) && partitionOf(key, BEFORE) !== partitionOf(key, AFTER))
    return new Set(moved).size
  }

  /** Runs until `rows` are applied; calls `when` once, as soon as the first 1,000 are. */
  function runUntil(
    topic: string,
    state: string,
    rows: number,
    when: () => Promise<void>,
    changes: Changes,
  ): Promise<Ended> {
    let [isCalled, applied] = [false, 0]
    const onProgress = ({ counters }: IngestProgress, stop: () => void): void => {
      applied = counters.applied
      if (applied >= 1000 && !isCalled) {
        isCalled = true
        void when()
      }
      if (applied >= rows) stop()
    }
    const options = { ...changes, untilCaughtUp: false }
    return consumeTopic(broker.bootstrap, topic, state, options, onProgress)
  }

  for (const threads of [1, 2]) {
    test(`while it is read, by ${threads} threads`, () =>
      withRows(async (topic, rows, state) => {
        const grow = async (): Promise<void> => {
          await broker.growTopic(topic, AFTER)
          await send(topic, rows.late, AFTER)
        }
        const { warnings, progress } = await runUntil(topic, state, 2000, grow, { threads })
        grownOnce(warnings, topic)
        assert.deepEqual(progress.consumer?.topics[0].partitions, [BEFORE, AFTER])
        assert.equal(progress.consumer.topics[0].misrouted, 0)
        assert.deepEqual(progress.consumer.assigned, [0, 1, 2, 3, 4])
        assert.equal((await readBack(state)).hash, rows.hash)
        const { snapshot } = await withView(state, (view) =>
          takeSnapshot(view, SNAPSHOT_OPTIONS, () => 0),
        )
        assert.equal(snapshot.subscribers, new Set(rows.all.map(({ key }) => key)).size)
        assert.equal(snapshot.splitSubscribers, splitOf(rows))
      }))
  }

  test('between two runs: all of the new partitions is read, whatever --from', () =>
    withRows(async (topic, rows, state) => {
      const group = { groupId: topic, instanceId: 'a' }
      await consumeTopic(broker.bootstrap, topic, state, group)
      await broker.growTopic(topic, AFTER)
      await send(topic, rows.late, AFTER)
      const changes: Changes = { ...group, from: 'latest' }
      const { hash, warnings } = await consumed(broker.bootstrap, topic, state, changes)
      assert.equal(hash, rows.hash)
      grownOnce(warnings, topic)
      const again = await consumed(broker.bootstrap, topic, state, changes)
      assert.equal(again.hash, rows.hash)
      assert.ok(!again.warnings.some((text) => /has grown/.test(text)))
    }))

  test('with a history: its files stay divided over the partitions that it began with', () =>
    withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows: 2000, dirt: 0, subscribers: 300 })
      await replay([file], join(directory, 'whole'), { state: { partitions: 1 } })
      const { hash } = await readBack(join(directory, 'whole'))
      const [topic, state] = [uniqueName('history'), join(directory, 'state')]
      await broker.createTopic(topic, { partitions: BEFORE })
      const changes: Changes = { history: [file], partitioner: 'murmur2', groupId: topic }
      await consumeTopic(broker.bootstrap, topic, state, changes)
      await broker.growTopic(topic, AFTER)
      // All of these are before the cut-over: the files have them.
      await send(topic, (await rowsOf(file, 'avro')).slice(0, 500), AFTER)
      await consumeTopic(broker.bootstrap, topic, state, changes)
      const { positions, ...found } = await readBack(state)
      assert.equal(found.hash, hash)
      const excluded = positions.map(({ position }) => position.excluded)
      assert.equal(
        excluded.reduce((sum, each) => sum + each, 0),
        500,
      )
      const files = positions.filter(({ position }) => position.kind === 'file')
      assert.deepEqual(
        files.map(({ partition }) => partition),
        [0, 1],
      )
    }))

  test('before another topic of the same state, by two members', () =>
    withRows(async (topic, rows, state) => {
      const other = uniqueName('other')
      await broker.createTopic(other, { partitions: BEFORE })
      const group = { groupId: topic, untilCaughtUp: false }
      const applied = [0, 0]
      const stops: (() => void)[] = []
      let isGrown = false
      const grow = async (): Promise<void> => {
        await broker.growTopic(topic, AFTER)
        await send(topic, rows.late.slice(0, 500), AFTER)
        await broker.growTopic(other, AFTER)
        await send(other, rows.late.slice(500), AFTER)
      }
      const members = await Promise.all(
        applied.map((_, at) => {
          const changes: Changes = { ...group, instanceId: `member-${at}` }
          const onProgress = ({ consumer }: IngestProgress, stop: () => void): void => {
            stops[at] = stop
            const logs = consumer?.partitions ?? []
            applied[at] = logs.reduce((sum, { durableOffset }) => sum + durableOffset, 0)
            const all = applied[0] + applied[1]
            if (all >= 1000 && stops.length === 2 && !isGrown) {
              isGrown = true
              void grow()
            }
            if (all >= 2000) stops.forEach((each) => each())
          }
          const topics = [topic, other]
          return consumeTopic(broker.bootstrap, topics, `${state}-${at}`, changes, onProgress)
        }),
      )
      const assigned = members.flatMap(({ progress }) => progress.consumer?.assigned ?? [])
      assert.deepEqual(assigned.sort(), [0, 1, 2, 3, 4])
      const found = await Promise.all([0, 1].map((at) => readBack(`${state}-${at}`)))
      assert.equal(found[0].applied + found[1].applied, 2000)
      for (const { warnings } of members) grownOnce(warnings, topic)
    }))
})
