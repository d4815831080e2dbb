// Row 27: a producer is killed; what it sent is consumed and deleted; it is started again.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { quietClient } from '../../../scripts/kafka/client.ts'
import type { Random } from '../../../src/random.ts'
import { uniqueName, type Operations } from '../../broker-operations.ts'
import { pulse, withPulse } from '../../e2e/command.ts'
import { assertUnion, durablePositions, makeSample, type Sample } from '../../e2e/kafka-durable.ts'
import { readTopic, type Produced } from '../../e2e/produced.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

const ROWS = 3000
const PARTITIONS = 2

/** The topic of a round, and the commands on it. */
interface Scene {
  broker: Operations
  topic: string
  sample: Sample
  state: string
}

interface Reconciliation {
  sent: number
  alreadySent: number
}

const producing = ({ broker, topic, sample }: Scene, ...more: string[]): string[] => [
  ...['produce', sample.path, '--kafka', broker.bootstrap.join(','), '--topic', topic],
  ...['--compression', 'none', '--json', ...more],
]

async function produce(scene: Scene, ...more: string[]): Promise<Reconciliation> {
  const { code, stdout, stderr } = await pulse(producing(scene, ...more))
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Reconciliation
}

/** The number of rows in the topic; fails when one is there twice. */
async function rowsOnce({ broker, topic }: Scene): Promise<number> {
  const found: readonly Produced[] = await readTopic(broker.bootstrap, topic)
  const rows = new Set(found.map(({ source, row }) => `${source} ${row}`))
  assert.equal(found.length, rows.size, 'no row is there twice')
  return rows.size
}

/** Kills a producer when more than some rows are there; returns the number of rows it sent. */
async function killed(scene: Scene, least: number): Promise<number> {
  return withPulse(producing(scene, '--rate', '250'), async (running) => {
    const count = async (): Promise<number> =>
      (await readTopic(scene.broker.bootstrap, scene.topic)).length
    await until('rows', count, (rows) => rows > least)
    running.kill()
    await running.ended
    return rowsOnce(scene)
  })
}

async function consume({ broker, topic, state }: Scene): Promise<void> {
  const where = ['--kafka', broker.bootstrap.join(','), '--topic', topic, '--state', state]
  const argv = ['run', ...where, '--group', topic, '--port', '0', '--until-caught-up']
  const { code, stderr } = await pulse([...argv, '--duration-unit', 'ms'])
  assert.equal(code, 0, stderr)
}

/** What was consumed expires: not what an open transaction of the killed producer holds. */
async function deleteRecords({ broker, topic, state }: Scene): Promise<void> {
  for (const [partition, end] of await durablePositions(state)) {
    await broker.deleteRecords(topic, partition, end)
  }
}

/** The committed offsets of a producer expire. */
async function deleteProgress({ broker, topic }: Scene): Promise<void> {
  const admin = quietClient({ brokers: broker.bootstrap, retry: { retries: 8 } }).admin()
  await admin.connect()
  try {
    const { groups } = await admin.listGroups()
    const isProgress = (id: string): boolean =>
      id.startsWith('xdr-pulse-produce.') && id.includes(`.${topic}.`)
    await admin.deleteGroups(groups.map(({ groupId }) => groupId).filter(isProgress))
  } finally {
    await admin.disconnect()
  }
}

async function startedAgain(context: FaultContext, scene: Scene, random: Random): Promise<void> {
  const sent = await killed(scene, Math.floor(random() * ROWS * 0.2))
  assert.ok(sent < ROWS, 'it was killed before its last row')
  context.reached('a producer is killed')
  await consume(scene)
  await deleteRecords(scene)
  const known = random() < 0.5
  if (known) {
    const rest = await produce(scene)
    assert.deepEqual([rest.sent, rest.alreadySent], [ROWS - sent, sent])
    context.reached('its progress is known, and it continues')
  } else {
    await refusedWithChoices(context, scene, sent)
  }
  assert.equal(await rowsOnce(scene), ROWS - sent)
  await consume(scene)
  await assertUnion([scene.state], scene.sample)
  context.held('I1', 'I2', 'I3')
  await deleteRecords(scene)
  if (known) await refusedWithChoices(context, scene, ROWS)
}

/** Without its progress nothing is sent until the option decides; what it skips is as chosen. */
async function refusedWithChoices(context: FaultContext, scene: Scene, sent: number) {
  await deleteProgress(scene)
  const { code, stderr } = await pulse(producing(scene))
  assert.equal(code, 1, stderr)
  assert.match(
    stderr,
    new RegExp(`holds 0 of its ${ROWS} rows, partition \\d begins at offset \\d+, .*--from-row 0`),
  )
  assert.equal(await rowsOnce(scene), 0, 'nothing is sent')
  const rest = await produce(scene, '--from-row', String(sent))
  assert.deepEqual([rest.sent, rest.alreadySent], [ROWS - sent, sent])
  // What is in the topic is not sent again, whatever the option gives.
  const again = await produce(scene, '--from-row', String(sent))
  assert.equal(again.sent, 0)
  context.reached('its progress is lost, and it is refused with the choices')
  context.held('I12')
}

/** Row 27. */
export const producerKilled: FaultRow = {
  number: 27,
  title: 'producer killed, its rows consumed and deleted',
  how: 'SIGKILL, run, delete-records, deletion of its committed offsets; then it is started again',
  holds: ['I1', 'I2', 'I3', 'I12'],
  also: 'refused with the choices, never doubled',
  needs: ['kafka'],
  reaches: ['a producer is killed', 'its progress is lost, and it is refused with the choices'],
  shortRounds: 1,
  async run(context) {
    const broker = await sharedBroker()
    for (const { random } of context.rounds()) {
      const topic = uniqueName('progress')
      await broker.createTopic(topic, { partitions: PARTITIONS })
      await withDirectory(async (directory) => {
        const sample = await makeSample(directory, PARTITIONS, {
          ...{ rows: ROWS, subscribers: 400, dirt: 0 },
        })
        const state = join(directory, 'state')
        await startedAgain(context, { broker, topic, sample, state }, random)
      })
    }
  },
}
