// Row 11: the log lacks what is to be read: deleted, created again, truncated, or read by a lost state.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../../../src/random.ts'
import { launchCluster } from '../../broker.ts'
import { operate, uniqueName, type Operations } from '../../broker-operations.ts'
import { readConsumed, type Consumed } from '../../consumers/kafka/consuming.ts'
import { rowsOf, type Row } from '../../consumers/kafka/messages.ts'
import { sampleIn } from '../../consumers/files/samples.ts'
import { pulse, type Outcome } from '../../e2e/command.ts'
import { sendMessages } from '../../e2e/kafka-messages.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

/** A topic of one partition, and a state. */
interface Scene {
  broker: Operations
  rows: readonly Row[]
  topic: string
  state: string
  /** Rows that are read before the fault, and rows that are sent around it. */
  first: number
  second: number
}

const send = ({ broker, topic, rows }: Scene, from: number, to: number): Promise<void> =>
  sendMessages(
    broker.bootstrap,
    topic,
    rows.slice(from, to).map(({ key, value }) => ({ key: Buffer.from(key ?? ''), value })),
  )

const run = ({ broker, topic, state }: Scene, ...more: string[]): Promise<Outcome> => {
  const where = ['--kafka', broker.bootstrap.join(','), '--topic', topic, '--group', topic]
  const how = ['--state', state, '--port', '0', '--until-caught-up', '--duration-unit', 'ms']
  return pulse(['run', ...where, ...how, ...more])
}

async function consumed(scene: Scene, ...more: string[]): Promise<Consumed> {
  const { code, stderr } = await run(scene, ...more)
  assert.equal(code, 0, stderr)
  return readConsumed(scene.state)
}

/** A run ends with a sentence that names the gap, and changes no position; returns after it. */
async function refused(context: FaultContext, scene: Scene, sentence: RegExp): Promise<void> {
  const before = await readConsumed(scene.state).catch(() => null)
  const { code, stderr } = await run(scene)
  assert.match(stderr, sentence)
  assert.equal(code, 1, stderr)
  if (before !== null) {
    const now = await readConsumed(scene.state)
    assert.deepEqual([now.hash, now.logs], [before.hash, before.logs], 'nothing is reset')
  }
  context.held('I6', 'I9', 'I12')
}

/** Rows are deleted before they are read. */
async function deleted(context: FaultContext, scene: Scene, random: Random): Promise<void> {
  const { broker, topic, first, second } = scene
  await send(scene, 0, first)
  await consumed(scene)
  await send(scene, first, first + second)
  const lost = 1 + Math.floor(random() * (second - 1))
  await broker.deleteRecords(topic, 0, first + lost)
  const range = `offsets ${first} to ${first + lost - 1} \\(${lost}\\) were deleted`
  await refused(context, scene, new RegExp(`partition 0: ${range}.*begins at ${first + lost}`))
  const [log] = (await consumed(scene, '--on-gap', 'earliest')).logs
  assert.deepEqual([log.applied, log.skipped], [first + second - lost, lost])
}

/** The topic is deleted and created again under its name. */
async function recreated(context: FaultContext, scene: Scene): Promise<void> {
  const { broker, topic, first, second } = scene
  await send(scene, 0, first)
  await consumed(scene)
  await broker.deleteTopic(topic)
  // The former topic is deleted asynchronously.
  await until('the topic', () =>
    broker.createTopic(topic, { partitions: 1 }).then(
      () => true,
      () => false,
    ),
  )
  await send(scene, first, first + second)
  await refused(
    context,
    scene,
    new RegExp(`this is not the topic that was read up to offset ${first}`),
  )
  const passed = await consumed(scene, '--on-gap', 'earliest')
  assert.equal(passed.applied, first + second)
}

/** The state is lost, and the log no longer has what it held. */
async function stateLost(context: FaultContext, scene: Scene, random: Random): Promise<void> {
  const { broker, topic, first, state } = scene
  await send(scene, 0, first)
  await consumed(scene)
  await rm(state, { recursive: true })
  const begin = 1 + Math.floor(random() * (first - 1))
  await broker.deleteRecords(topic, 0, begin)
  const had = `read it up to offset ${first}, from offset 0 on`
  const gone = `begins at ${begin}: offsets 0 to ${begin - 1} \\(${begin}\\)`
  await refused(context, scene, new RegExp(`partition 0: the group has ${had}.*${gone}`))
  const [log] = (await consumed(scene, '--on-gap', 'earliest')).logs
  assert.deepEqual([log.applied, log.skipped], [first - begin, begin])
}

/** The disk of the only broker loses two logs; one of them grows beyond the position again. */
const truncated = (context: FaultContext, scene: Scene): Promise<void> =>
  withDirectory(async (directory) => {
    const data = join(directory, 'kafka')
    const running = await launchCluster(data, {}, null)
    try {
      const broker = operate(running.bootstrap)
      const logs = ['short', 'grown'].map((topic) => ({
        ...{ ...scene, broker, topic, state: `${scene.state}-${topic}` },
        more: topic === 'short' ? scene.first - 1 : scene.first + scene.second,
      }))
      for (const log of logs) {
        await broker.createTopic(log.topic, { partitions: 1 })
        await send(log, 0, log.first)
        await consumed(log)
      }
      await running.brokers[0].node.stop('SIGKILL')
      const lost = globSync(`${data}/**/{short,grown}-0`)
      assert.equal(lost.length, 2, `logs of both topics in ${data}`)
      for (const path of lost) await rm(path, { recursive: true })
      await running.brokers[0].node.start()
      await running.answering(1)
      for (const log of logs) {
        const { first, more } = log
        await send(log, first, first + more)
        const sentence = `truncated at 0; offsets 0 to ${first - 1} \\(${first}\\) are in the state`
        await refused(context, log, new RegExp(sentence))
        const [found] = (await consumed(log, '--on-gap', 'earliest')).logs
        assert.deepEqual([found.next, found.applied, found.skipped], [more, first + more, 0])
      }
    } finally {
      await running.stop('SIGKILL')
    }
  })

type Fault = (context: FaultContext, scene: Scene, random: Random) => Promise<void>

const FAULTS: Readonly<Record<string, Fault>> = {
  'rows are deleted before they are read': deleted,
  'the topic is created again': recreated,
  'the state is lost, and the log is trimmed': stateLost,
  'the log is truncated': truncated,
}

/** The fewest and most rows of a part. */
const [FEWEST, MOST] = [5, 60]

/** Row 11. */
export const logLacks: FaultRow = {
  number: 11,
  title: 'offset out of range',
  how: 'delete-records, delete and create, a log deleted from the disk of its broker, a lost state',
  holds: ['I1', 'I6', 'I9', 'I12'],
  also: 'it stops and names the gap; no silent reset',
  needs: ['kafka'],
  reaches: Object.keys(FAULTS),
  shortRounds: 1,
  async run(context) {
    const broker = await sharedBroker()
    const file = await sampleIn(context.directory, { rows: 3 * MOST, dirt: 0, subscribers: 50 })
    const rows = await rowsOf(file, 'avro')
    const part = (random: Random): number => FEWEST + Math.floor(random() * (MOST - FEWEST))
    for (const { random } of context.rounds()) {
      for (const [name, fault] of Object.entries(FAULTS)) {
        const topic = uniqueName('gap')
        if (fault !== truncated) await broker.createTopic(topic, { partitions: 1 })
        const state = join(context.directory, topic)
        const sizes = { first: part(random), second: part(random) }
        await fault(context, { broker, rows, topic, state, ...sizes }, random)
        context.reached(name)
        // Every look at a state checks its totals.
        context.held('I1')
      }
    }
  },
}
