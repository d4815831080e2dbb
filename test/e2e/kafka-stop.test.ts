// A consumer that is stopped, that cannot start, or that reads impossible timestamps.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { pulse } from './command.ts'
import {
  assertUnion,
  durablePositions,
  durableRows,
  filled,
  kafkaOffsets,
} from './kafka-durable.ts'
import { makeSample, startFilling, topicBegun } from './kafka-durable.ts'
import { allRead, appliedOf, withMembers } from './kafka-member.ts'
import { sendMessages } from './kafka-messages.ts'

const PARTITIONS = 3

interface Reconciliation {
  rows: number
  applied: number
  rejected: Record<string, number>
}

test('SIGTERM under load drains, commits to state and Kafka, and reconciles', needsKafka(), () =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const { bootstrap: brokers } = await sharedBroker()
      const sample = await makeSample(directory, PARTITIONS, { rows: 20_000, subscribers: 2000 })
      const common = { brokers, topic: uniqueName('stop'), group: uniqueName('group') }
      const options = { ...common, state: join(directory, 'state') }
      const filling = startFilling(brokers, common.topic, sample, PARTITIONS, 2000)
      await topicBegun(common)
      // The interval is longer than the test: only the stop commits.
      const first = start({ ...options, more: ['--commit-interval', '1h'] })
      await first.when('rows', ({ counters }) => counters.applied > 500)
      const { code, stdout, stderr } = await first.end('SIGTERM')
      assert.equal(code, 0, stderr)
      const { committed, ends } = await kafkaOffsets(brokers, common.group, common.topic)
      const durable = await durablePositions(options.state)
      assert.deepEqual(
        [...committed].sort(),
        [...durable].sort(),
        'committed offsets are durable positions',
      )
      for (const [partition, position] of durable) assert.ok(position <= (ends.get(partition) ?? 0))
      const reconciliation = JSON.parse(stdout) as Reconciliation
      const rejected = Object.values(reconciliation.rejected).reduce((sum, count) => sum + count, 0)
      assert.equal(reconciliation.rows, reconciliation.applied + rejected)
      assert.equal(
        reconciliation.rows,
        [...(await durableRows(options.state)).values()].reduce((sum, rows) => sum + rows, 0),
      )
      assert.ok(reconciliation.rows > 500 && reconciliation.rows < sample.rows, 'it was reading')
      assert.ok(!existsSync(join(options.state, 'writer.lock')), 'the directory is unlocked')

      const second = start(options)
      await second.when('rows', ({ counters }) => counters.applied > 0)
      second.running.process.kill('SIGTERM')
      const twice = await second.end('SIGTERM')
      assert.ok(twice.signal === 'SIGTERM' || twice.code === 0, JSON.stringify(twice))

      const third = start(options)
      await filled(filling)
      await allRead([third], sample.rows)
      await assertUnion([options.state], sample)
    }),
  ),
)

test('a missing topic is refused by its name, with the remedy', needsKafka(), () =>
  withDirectory(async (state) => {
    const { bootstrap } = await sharedBroker()
    const where = ['--kafka', bootstrap.join(','), '--topic', uniqueName('absent')]
    const { code, stderr } = await pulse(['run', ...where, '--port', '0', '--state', state])
    assert.equal(code, 1)
    assert.match(stderr, /the topic "absent-\w+" does not exist; create it/)
  }),
)

test('messages with impossible timestamps are applied, with finite lags', needsKafka(), () =>
  withDirectory((directory) =>
    withMembers(async (start) => {
      const broker = await sharedBroker()
      const [topic, group] = ['times', 'group'].map(uniqueName)
      await broker.createTopic(topic, {
        partitions: 1,
        configs: { 'message.timestamp.after.max.ms': '9223372036854775807' },
      })
      const year = 365 * 86_400_000
      const now = Date.now()
      const stamps = [now, 0, 1, now + 100 * year, now - 40 * year, 8.64e15, now]
      const value = Buffer.from('{"MSISDN":33600000001,"duration":0,"Total DL":5,"Total UL":0}')
      const member = start({
        brokers: broker.bootstrap,
        topic,
        group,
        state: join(directory, 'state'),
        more: ['--format', 'json'],
      })
      for (const stamp of stamps) {
        const timestamp = String(stamp)
        await sendMessages(broker.bootstrap, topic, [
          { key: Buffer.from('33600000001'), value, timestamp },
        ])
      }
      await member.when('the end', (look) => appliedOf(look, 0) === stamps.length)
      for (const { consumer, observations, counters } of member.looks()) {
        for (const { lagSeconds } of consumer.partitions) assert.ok((lagSeconds ?? 0) >= 0)
        for (const seconds of observations.visibleLatencySeconds) {
          assert.ok(seconds >= 0 && Number.isFinite(seconds))
        }
        assert.ok(counters.applied <= stamps.length)
      }
      assert.equal(member.last().counters.applied, stamps.length)
      const { code, stderr } = await member.end('SIGTERM')
      assert.equal(code, 0, stderr)
    }),
  ),
)
