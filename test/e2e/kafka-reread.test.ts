// `reread` drops one partition, the next run reads it again, and nothing is lost in silence.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { uniqueName, type Operations } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { readConsumed } from '../consumers/kafka/consuming.ts'
import { foreignProducer, messagesOf, rowsOf, type Row } from '../consumers/kafka/messages.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'
import { pulse, withPulse } from './command.ts'

const PARTITIONS = 2
const ROWS = 300

interface Reread {
  dropped: boolean
  topics: { first: number; next: number; applied: number; logStart: number; lost: number }[]
}

describe('reread', needsKafka(), () => {
  let broker: Operations
  let rows: Row[] = []
  before(async () => {
    broker = await sharedBroker()
    await withDirectory(async (directory) => {
      rows = await rowsOf(await sampleIn(directory, { rows: ROWS, dirt: 0.1 }), 'avro')
    })
  })

  interface Setting {
    topic: string
    group: string
    state: string
    run: (...more: string[]) => Promise<string>
    reread: (...more: string[]) => ReturnType<typeof pulse>
  }

  /** A topic with the same rows and one message that is none in each partition, and its state. */
  const withRead = (work: (setting: Setting) => Promise<void>): Promise<void> =>
    withDirectory(async (directory) => {
      const [topic, group] = ['reread', 'group'].map(uniqueName)
      await broker.createTopic(topic, { partitions: PARTITIONS })
      const producer = await foreignProducer(broker.bootstrap)
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const nonsense = { key: null, value: Buffer.from('nonsense'), partition }
        await producer.send({ topic, messages: [...messagesOf(rows, partition), nonsense] })
      }
      await producer.disconnect()
      const state = join(directory, 'state')
      const where = ['--kafka', broker.bootstrap.join(','), '--state', state]
      const run = async (...more: string[]): Promise<string> => {
        const argv = ['run', ...where, '--topic', topic, '--group', group, '--port', '0']
        const { code, stderr } = await pulse([...argv, '--until-caught-up', ...more])
        assert.equal(code, 0, stderr)
        return stderr
      }
      const reread = (...more: string[]) => pulse(['reread', ...where, '--json', ...more])
      await run()
      await work({ topic, group, state, run, reread })
    })

  test('a partition is read again as it was; without --yes nothing is changed', () =>
    withRead(async ({ state, run, reread }) => {
      const expected = await readConsumed(state)
      const look = await reread('--partition', '1')
      assert.equal(look.code, 0, look.stderr)
      const plan = JSON.parse(look.stdout) as Reread
      const [{ first, next, lost }] = plan.topics
      assert.deepEqual([plan.dropped, first, next, lost], [false, 0, ROWS + 1, 0])
      assert.deepEqual(await readConsumed(state), expected)

      const done = await reread('--partition', '1', '--yes')
      assert.equal((JSON.parse(done.stdout) as Reread).dropped, true, done.stderr)
      const without = await readConsumed(state)
      assert.deepEqual(without.logs[0], expected.logs[0], 'the other partition is untouched')
      const [, { next: at, applied, rejected }] = without.logs
      assert.deepEqual([at, applied, rejected], [0, 0, 0])
      assert.equal(without.applied, expected.logs[0].applied)
      const log = await run()
      assert.match(log, new RegExp(`committed offset is ${ROWS + 1}, as after a restore, a reread`))
      assert.deepEqual(await readConsumed(state), expected)
      assert.equal((await pulse(['status', '--state', state])).code, 0)
    }))

  test('rows that the log has lost are dropped only with --accept-loss, and stay counted', () =>
    withRead(async ({ topic, state, run, reread }) => {
      const expected = await readConsumed(state)
      await broker.deleteRecords(topic, 0, 30)
      const refused = await reread('--partition', '0', '--yes')
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /begins at 30, expected 0: 30 offsets .*--accept-loss/)
      assert.equal((await readConsumed(state)).hash, expected.hash)
      const accepted = await reread('--partition', '0', '--yes', '--accept-loss')
      assert.equal(accepted.code, 0, accepted.stderr)
      await run()
      const { logs } = await readConsumed(state)
      const { first, next, skipped, applied, rejected } = logs[0]
      assert.deepEqual([first, next, skipped], [0, ROWS + 1, 30])
      assert.equal(applied + rejected, ROWS + 1 - 30)
      assert.deepEqual(logs[1], expected.logs[1])
    }))

  test('what was never read and is not in the log stays a gap', () =>
    withRead(async ({ topic, group, state, reread }) => {
      const producer = await foreignProducer(broker.bootstrap)
      await producer.send({ topic, messages: messagesOf(rows, 0) })
      await producer.disconnect()
      await broker.deleteRecords(topic, 0, ROWS + 10)
      assert.equal((await reread('--partition', '0', '--yes', '--accept-loss')).code, 0)
      const where = ['--kafka', broker.bootstrap.join(','), '--state', state, '--group', group]
      const argv = ['run', ...where, '--topic', topic, '--port', '0', '--until-caught-up']
      const { code, stderr } = await pulse(argv)
      assert.equal(code, 1)
      assert.match(stderr, new RegExp(`offsets ${ROWS + 1} to ${ROWS + 9} \\(9\\) were deleted`))
    }))

  test('it is refused for a state that is written, and for other partitions and states', () =>
    withRead(async ({ topic, group, state, reread }) => {
      const other = await reread('--partition', '7')
      assert.equal(other.code, 2)
      assert.match(other.stderr, /--partition is 7, expected one that .* has: 0 to 1/)
      const where = ['--kafka', broker.bootstrap.join(','), '--state', state, '--group', group]
      await withPulse(['run', ...where, '--topic', topic, '--port', '0'], async () => {
        await until('the lock', () => existsSync(join(state, 'writer.lock')))
        const { code, stderr } = await reread('--partition', '0', '--yes')
        assert.equal(code, 1)
        assert.match(stderr, /is being written by process \d+ \(run\)/)
      })
      await withDirectory(async (directory) => {
        const file = await sampleIn(directory, { rows: 10, dirt: 0 })
        const files = join(directory, 'files')
        assert.equal((await pulse(['replay', file, '--state', files])).code, 0)
        const { code, stderr } = await pulse(['reread', '--partition', '0', '--state', files])
        assert.equal(code, 1)
        assert.match(
          stderr,
          /partition 0 holds rows of files \(.*\.parquet\), expected rows of topics/,
        )
      })
    }))

  test("an offset that Kafka's own tool has moved is reported, and has no effect", () =>
    withRead(async ({ topic, group, state, run }) => {
      const { hash } = await readConsumed(state)
      await broker.javaTool('consumer-groups', [
        ...['--group', group, '--topic', `${topic}:1`, '--reset-offsets', '--to-offset', '10'],
        '--execute',
      ])
      const log = await run()
      assert.match(log, /partition 1: the group's committed offset is 10, set by another program/)
      assert.match(
        log,
        new RegExp(`the position of the state, ${ROWS + 1}, counts.*reread --partition 1`),
      )
      assert.doesNotMatch(log, /partition 0: the group's committed offset/)
      assert.equal((await readConsumed(state)).hash, hash)
    }))
})
