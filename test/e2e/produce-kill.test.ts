// A producer that is killed at random moments, or whose broker stops, leaves no row
// out of the topic, and none twice.
//   XDR_PULSE_KILL_ROUNDS=100 XDR_PULSE_SEED=7 node --test test/e2e/produce-kill.test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/random.ts'
import { needsKafka, withCluster } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { withDirectory } from '../state-directory.ts'
import { startPulse, withPulse, type Running } from './command.ts'
import { until } from '../until.ts'
import { kafkaOffsets } from './kafka-durable.ts'
import { placesInTime, readTopic, type Produced } from './produced.ts'

const ROUNDS = Number(process.env.XDR_PULSE_KILL_ROUNDS ?? 8)
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
const PARTITIONS = 3
const ROWS = 120_000
/** Counted from the first record of a round. */
const LATEST_KILL_MS = 1800
/** All rounds together send nearly all rows: a round sends for most of a second. */
const ROWS_A_SECOND = Math.ceil(ROWS / ROUNDS)
/** The other kills are while a run starts, reads the topic or sorts. */
const EARLY_SHARE = 0.3
const LATEST_EARLY_KILL_MS = 2500

const producer = (path: string, brokers: readonly string[], topic: string): string[] => [
  ...['produce', path, '--kafka', brokers.join(','), '--topic', topic, '--json'],
  ...['--create-topic', '--partitions', `${PARTITIONS}`, '--compression', 'none'],
]

interface Reconciliation {
  sent: number
  alreadySent: number
  complete: boolean
}

/** Asserts that a reader of committed rows finds each row once, in order of time. */
function check(found: readonly Produced[], rows: number, places: readonly number[]): void {
  const seen = new Set<string>()
  const last = new Map<number, number>()
  for (const { source, row, partition } of found) {
    seen.add(`${source} ${row}`)
    assert.ok(places[row] > (last.get(partition) ?? -1), 'rows of a partition are in order of time')
    last.set(partition, places[row])
  }
  assert.equal(seen.size, rows, 'every row is in the topic')
  assert.equal(found.length, rows, 'no row is in the topic twice')
}

/** Resolves when the topic has rows. */
async function begun(brokers: string[], topic: string): Promise<void> {
  await until(
    'rows',
    () => readTopic(brokers, topic),
    ({ length }) => length > 0,
  )
}

/** Resolves when the topic has more than `records` records, or when the command has ended. */
async function growing(
  brokers: string[],
  topic: string,
  records: number,
  { ended }: Running,
): Promise<void> {
  let over = false
  void ended.then(() => (over = true))
  const count = async (): Promise<number> => {
    const { ends } = await kafkaOffsets(brokers, uniqueName('nobody'), topic)
    return [...ends.values()].reduce((sum, end) => sum + end, 0)
  }
  await until('new records', count, (now) => over || now > records)
}

test(`after ${ROUNDS} kills every row is in the topic, seed ${SEED}`, needsKafka(), async (t) => {
  const { bootstrap, createTopic } = await sharedBroker()
  await withDirectory(async (directory) => {
    const random = seededRandom(SEED)
    const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
    const places = await placesInTime(path)
    const topic = uniqueName('produce-kill')
    await createTopic(topic, { partitions: PARTITIONS })
    const argv = producer(path, bootstrap, topic)
    const reached: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const early = random() < EARLY_SHARE
      const running = startPulse([...argv, '--rate', String(ROWS_A_SECOND)])
      if (!early) await growing(bootstrap, topic, reached.at(-1) ?? 0, running)
      const afterMs = random() * (early ? LATEST_EARLY_KILL_MS : LATEST_KILL_MS)
      const timer = setTimeout(() => running.process.kill('SIGKILL'), afterMs)
      await running.ended
      clearTimeout(timer)
      reached.push((await readTopic(bootstrap, topic)).length)
    }
    const moved = new Set(reached.filter((records) => records > 0 && records < ROWS)).size
    assert.ok(moved > 0, 'some kills were while a run sent')
    const { code, stdout, stderr } = await startPulse(argv).ended
    assert.equal(code, 0, stderr)
    const reconciliation = JSON.parse(stdout) as Reconciliation
    assert.ok(reconciliation.complete)
    assert.equal(reconciliation.sent + reconciliation.alreadySent, ROWS)
    check(await readTopic(bootstrap, topic), ROWS, places)
    t.diagnostic(JSON.stringify({ reached }))
  })
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`a broker that restarts after ${signal} receives every row once`, needsKafka(), () =>
    withCluster({}, async ({ brokers: [broker], bootstrap, createTopic }) => {
      await withDirectory(async (directory) => {
        const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
        const topic = uniqueName('produce-broker')
        await createTopic(topic, { partitions: PARTITIONS })
        const argv = [...producer(path, bootstrap, topic), '--rate', '15000']
        await withPulse(argv, async (running) => {
          await begun(bootstrap, topic)
          await broker.stop(signal)
          await running.prints(/retrying/)
          await broker.start()
          const { code, stdout, stderr } = await running.ended
          assert.equal(code, 0, stderr)
          assert.match(stderr, /sending resumed after/)
          assert.equal((JSON.parse(stdout) as Reconciliation).sent, ROWS)
        })
        check(await readTopic(bootstrap, topic), ROWS, await placesInTime(path))
      })
    }),
  )
}

test('a producer that is stopped while no broker answers ends with an error', needsKafka(), () =>
  withCluster({}, async ({ brokers: [broker], bootstrap, createTopic }) => {
    await withDirectory(async (directory) => {
      const path = await sampleIn(directory, { rows: ROWS, dirt: 0 })
      const topic = uniqueName('produce')
      await createTopic(topic, { partitions: PARTITIONS })
      const argv = [...producer(path, bootstrap, topic), '--rate', '5000']
      await withPulse(argv, async (running) => {
        await begun(bootstrap, topic)
        await broker.stop('SIGKILL')
        await running.prints(/retrying/)
        running.process.kill('SIGTERM')
        const { code, stderr } = await running.ended
        assert.equal(code, 1)
        assert.match(stderr, /could not be sent.*run the same command again/)
      })
    })
  }),
)
