// What a group has read before is never taken for a beginning by a member that lacks the state.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { quietClient } from '../../../scripts/kafka/client.ts'
import { needsKafka } from '../../broker.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { consumed, consumeTopic, type Changes, type Ended } from './consuming.ts'
import { foreignProducer, messagesOf, rowsOf, type Row } from './messages.ts'
import { sampleIn } from '../files/samples.ts'

describe('a group that has read before', { ...needsKafka(), concurrency: 2 }, () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: 100, dirt: 0 }), 'avro')
    })
  })

  /** A topic with the same 100 rows in each partition. */
  async function filledTopic(partitions: number): Promise<string> {
    const topic = uniqueName('lost')
    await broker.createTopic(topic, { partitions })
    const producer = await foreignProducer(broker.bootstrap)
    for (let partition = 0; partition < partitions; partition++) {
      await producer.send({ topic, messages: messagesOf(rows, partition) })
    }
    await producer.disconnect()
    return topic
  }

  /** Sets the group's offset as other tools do: without metadata. */
  async function setOffset(groupId: string, topic: string, offset: number): Promise<void> {
    const admin = quietClient({ brokers: broker.bootstrap }).admin()
    await admin.connect()
    const partitions = [{ partition: 0, offset: String(offset) }]
    await admin.setOffsets({ groupId, topic, partitions })
    await admin.disconnect()
  }

  const read = (topic: string, state: string, changes: Changes = {}) =>
    consumed(broker.bootstrap, topic, state, changes)

  const reconciled = ({ progress }: Ended) => progress.reconciliation?.at(0)

  test('and whose log was trimmed since: a new state stops at the gap, or counts it', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      const states = ['first', 'second', 'third'].map((name) => join(directory, name))
      await read(topic, states[0], { groupId })
      await broker.deleteRecords(topic, 0, 30)
      // The second state passes the gap; the third still learns where reading began.
      for (const state of states.slice(1)) {
        await assert.rejects(read(topic, state, { groupId }), {
          code: 'kafka',
          message:
            /partition 0: the group has read it up to offset 100, from offset 0 on.*begins at 30: offsets 0 to 29 \(30\)/,
        })
        const { logs, progress, warnings } = await read(topic, state, {
          groupId,
          onGap: 'earliest',
        })
        const [{ first, next, applied, skipped, notRetained }] = logs
        assert.deepEqual([first, next, applied, skipped, notRetained], [0, 100, 70, 30, 0])
        assert.deepEqual(progress.consumer?.gapsPassed, { gaps: 1, records: 30 })
        assert.ok(warnings.some((text) => /continuing at offset 30 \(--on-gap/.test(text)))
      }
      assert.equal((await read(topic, states[0], { groupId })).applied, 100)
    }))

  test('and whose log is whole: a new state reads all of it, also with --from latest', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      await read(topic, join(directory, 'first'), { groupId })
      const again = await read(topic, join(directory, 'second'), { groupId, from: 'latest' })
      assert.equal(again.applied, 100)
      assert.ok(again.warnings.some((text) => /read again from offset 0/.test(text)))
      assert.deepEqual(again.progress.consumer?.gapsPassed, { gaps: 0, records: 0 })
    }))

  test('from an offset above 0: what lies before it is not missed', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      await broker.deleteRecords(topic, 0, 40)
      await read(topic, join(directory, 'first'), { groupId })
      const again = await read(topic, join(directory, 'second'), { groupId })
      assert.deepEqual([again.applied, again.logs[0].first], [60, 40])
      await broker.deleteRecords(topic, 0, 41)
      await assert.rejects(read(topic, join(directory, 'third'), { groupId }), {
        message: /from offset 40 on.*offsets 40 to 40 \(1\)/,
      })
    }))

  test('whose commits carry no beginning: offset 0 is assumed, and named as an assumption', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      await setOffset(groupId, topic, 100)
      const whole = await read(topic, join(directory, 'whole'), { groupId, from: 'latest' })
      assert.equal(whole.applied, 100)
      await setOffset(groupId, topic, 100)
      await broker.deleteRecords(topic, 0, 10)
      await assert.rejects(read(topic, join(directory, 'state'), { groupId }), {
        message: /from offset 0 on, as far as is known.*offsets 0 to 9 \(10\)/,
      })
    }))

  test('whose offset another program has moved: the position of the state counts', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      const state = join(directory, 'state')
      const first = await read(topic, state, { groupId })
      assert.deepEqual(first.warnings.filter(isMoved), [])
      await setOffset(groupId, topic, 10)
      const again = await read(topic, state, { groupId })
      assert.equal(again.applied, 100)
      assert.equal(again.hash, first.hash)
      assert.equal(again.warnings.filter(isMoved).length, 1)
    }))

  test('a first start on a trimmed log is a beginning, and is reported as one', () =>
    withDirectory(async (state) => {
      const topic = await filledTopic(1)
      await broker.deleteRecords(topic, 0, 30)
      const found = await read(topic, state)
      assert.equal(found.applied, 70)
      const sentence = /begins at offset 30; offsets 0 to 29 \(30\) are not retained/
      assert.ok(found.warnings.some((text) => sentence.test(text)))
      assert.equal(found.logs[0].notRetained, 30)
      assert.equal(reconciled(found)?.notRetained, 30)
      assert.deepEqual(found.progress.consumer?.gapsPassed, { gaps: 0, records: 0 })
      assert.equal(found.progress.consumer.partitions[0].notRetained, 30)
    }))

  test('with a history: its files cover what the log lost', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      await read(topic, join(directory, 'first'), { groupId })
      await broker.deleteRecords(topic, 0, 30)
      const history = [await sampleIn(directory, { rows: 100, dirt: 0 })]
      const { progress, warnings } = await consumeTopic(
        broker.bootstrap,
        topic,
        join(directory, 'second'),
        { groupId, history },
      )
      assert.equal(progress.done, true)
      assert.deepEqual(progress.consumer?.gapsPassed, { gaps: 1, records: 30 })
      assert.ok(warnings.some((text) => /files of --history cover/.test(text)))
      const applied = progress.reconciliation?.reduce((sum, source) => sum + source.applied, 0)
      assert.equal(applied, 100)
    }))

  test('after a history: a state without it is not taken for whole', () =>
    withDirectory(async (directory) => {
      const topic = await filledTopic(1)
      const groupId = uniqueName('group')
      const history = [await sampleIn(directory, { rows: 100, dirt: 0 })]
      await consumeTopic(broker.bootstrap, topic, join(directory, 'first'), { groupId, history })
      const second = join(directory, 'second')
      await assert.rejects(read(topic, second, { groupId }), {
        message: /after a history up to .*this state has no history/,
      })
      const passed = await read(topic, second, { groupId, onGap: 'earliest' })
      assert.equal(passed.applied, 100)
      assert.deepEqual(passed.progress.consumer?.gapsPassed, { gaps: 1, records: 0 })
    }))

  test('a partition moves only while its log is whole; a member that gets none stays idle', () =>
    withDirectory(async (directory) => {
      for (const [trimmed, share] of [
        [[0, 1], []],
        [[0], [1]],
      ]) {
        const topic = await filledTopic(2)
        const groupId = uniqueName('group')
        const [one, two] = ['one', 'two'].map((name) => join(directory, `${topic}-${name}`))
        const found = await twoMembers(topic, groupId, [one, two], trimmed)
        assert.deepEqual(found.newcomer.assigned, share)
        assert.equal(found.newcomer.idle === null, share.length > 0)
        assert.equal(found.idleLogged, share.length === 0)
      }
    }))

  /** A member reads all, logs are trimmed, a second member joins: what it gets. */
  async function twoMembers(
    topic: string,
    groupId: string,
    states: readonly string[],
    trimmed: readonly number[],
  ) {
    const live = { groupId, untilCaughtUp: false }
    const read = Promise.withResolvers<undefined>()
    const stops: (() => void)[] = []
    const first = consumeTopic(broker.bootstrap, topic, states[0], live, (now, stop) => {
      stops.push(stop)
      if (now.consumer?.caughtUp === true) read.resolve(undefined)
    })
    await read.promise
    for (const partition of trimmed) await broker.deleteRecords(topic, partition, 30)
    const seen: NonNullable<Ended['progress']['consumer']>[] = []
    const { warnings } = await consumeTopic(
      broker.bootstrap,
      topic,
      states[1],
      live,
      ({ consumer, state }, stop) => {
        if (consumer === null || consumer.rebalances === 0 || state !== 'running') return
        seen.push(consumer)
        stop()
      },
    )
    stops[0]()
    await first
    const idleLogged = warnings.some((text) => /no partition is assigned/.test(text))
    return { newcomer: seen[0], idleLogged }
  }
})

const isMoved = (text: string): boolean => /committed offset is 10, set by another/.test(text)
