// Consumers of one topic in turn: this project and its peers, with the same 21 numbers of each subscriber.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { whyNoKafka } from '../scripts/kafka/jars.ts'
import { noteFigures } from './history.ts'
import { PARTITIONS, withBroker, type BenchBroker } from './kafka-broker.ts'
import { readReference, type Reference } from './kafka-compared.ts'
import { killAndRestart, type Restarted } from './kafka-kill.ts'
import { PEERS, PULSE, type Answer, type Job, type KafkaPeer } from './kafka-peer-table.ts'
import type { BenchOptions } from './options.ts'
import { runProcess, type Cost } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { COST_HEADING, costCells, cpuOf, loadText, median, printTable, seconds } from './table.ts'

interface Found {
  peer: KafkaPeer
  costs: Cost[]
  version: string
  restarts: Restarted[]
  /** How the sums of the undisturbed runs differ from the log; null where they do not. */
  differences: (string | null)[]
}

/** Runs whole processes in turn, compares their results, then kills each in the middle. */
export async function comparePeersOfKafka(options: BenchOptions): Promise<void> {
  const missing = process.env['KAFKA_BROKERS'] === undefined ? whyNoKafka() : null
  if (missing !== null) return void process.stdout.write(`Kafka: skipped, ${missing}\n`)
  const peers = PEERS.map((peer) => ({ ...peer, missing: peer.whyNot(options) }))
  const present = peers.filter((peer) => peer.missing === null)
  const file = await sampleFile(options.rows, options.subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topic = await broker.newTopic()
      await broker.fill(topic, file, ['--compression', 'none'])
      const scene = await prepare(broker, topic, directory)
      for (const { prepare: build } of present) build()
      const found = present.map((peer): Found => ({
        peer,
        costs: [],
        version: '',
        restarts: [],
        differences: [],
      }))
      for (let run = 0; run < options.runs; run++) {
        for (const one of found) await measure(scene, one, run)
      }
      for (let run = 0; run < options.runs; run++) {
        for (const one of found) await interrupt(scene, one, run)
      }
      print(options, scene, found)
    }),
  )
  for (const { name, missing: reason } of peers) {
    if (reason !== null) process.stdout.write(`${name}: ${reason}\n`)
  }
}

type Scene = Omit<Job, 'group'> & { reference: Reference }

/** A first run of this project, whose state the others must reproduce. */
async function prepare(broker: BenchBroker, topic: string, directory: string): Promise<Scene> {
  const state = join(directory, 'state')
  const first = { broker, topic, state, records: broker.recordsOf(topic) }
  const unknown = { ends: [], look: [], durationFactor: 1 }
  await runProcess(PULSE.command({ ...first, ...unknown, group: `${topic}-first` }))
  const reference = await readReference(state)
  rmSync(state, { recursive: true })
  const { durationFactor, rows } = reference
  // Known now: the brokers write the markers of transactions after they have confirmed them.
  const ends = await broker.endsOf(topic)
  return { ...first, ends, durationFactor, look: [...rows.keys()], reference }
}

async function clear({ broker, state }: Scene, group: string): Promise<void> {
  rmSync(state, { recursive: true, force: true })
  // Topics that a peer has made for itself.
  await broker.drop(`${group}-`)
}

async function measure(scene: Scene, found: Found, run: number): Promise<void> {
  const { peer } = found
  const group = `${scene.topic}-${peer.id}-${run}`
  const job = { ...scene, group }
  const cost = await runProcess(peer.command(job))
  const answer = await peer.answer(job, cost.stdout)
  const difference = differenceOf(answer, scene.reference)
  if (peer.isExact) assert.equal(difference, null, `${peer.name} has the same sums`)
  found.differences.push(difference)
  found.costs.push(cost)
  found.version = answer.version
  await clear(scene, group)
}

async function interrupt(scene: Scene, found: Found, run: number): Promise<void> {
  const { peer } = found
  const group = `${scene.topic}-${peer.id}-kill-${run}`
  const job = { ...scene, group }
  const wallSeconds = median(found.costs.map((cost) => cost.wallSeconds))
  const { stdout, ...restart } = await killAndRestart(job, peer, wallSeconds)
  const difference = differenceOf(await peer.answer(job, stdout), scene.reference)
  if (peer === PULSE) assert.equal(difference, null, 'a killed run has all sums')
  found.restarts.push({ ...restart, difference })
  await clear(scene, group)
}

/** How an answer differs from the log; null where it does not. */
function differenceOf({ subscribers, totals, rows }: Answer, reference: Reference): string | null {
  const records = totals[0] - reference.totals[0]
  if (records !== 0) return `${records > 0 ? '+' : ''}${records} records`
  if (subscribers !== reference.subscribers) return `${subscribers} subscribers`
  const wrong = totals.findIndex((total, field) => total !== reference.totals[field])
  if (wrong >= 0) return `number ${wrong}: ${totals[wrong] - reference.totals[wrong]}`
  for (const [msisdn, row] of reference.rows) {
    if (row.some((value, field) => value !== rows[String(msisdn)]?.[field])) return 'other rows'
  }
  return null
}

function sumsText(differences: readonly (string | null)[]): string {
  const wrong = differences.flatMap((difference) => difference ?? [])
  return wrong.length === 0
    ? 'equal'
    : `${wrong.length} of ${differences.length}: ${wrong.join('; ')}`
}

const nameOf = ({ peer, version }: Found): string =>
  `${`${peer.name} ${version}`.trim()}, ${peer.detail}`

function print(
  { rows, subscribers, runs, peer: wanted }: BenchOptions,
  { records, reference }: Scene,
  found: readonly Found[],
): void {
  const lines = found.map((one) => {
    const { restarts } = one
    return [
      nameOf(one),
      ...costCells(records, one.costs),
      `${Math.round(100 * median(restarts.map(({ share }) => share)))} %`,
      seconds(median(restarts.map(({ wallSeconds }) => wallSeconds))),
      sumsText(one.differences),
      sumsText(restarts.map(({ difference }) => difference)),
    ]
  })
  const size = `--rows ${rows} --subscribers ${subscribers} --runs ${runs} --peer ${wanted}`
  printTable(
    `npm run bench -- peers --parts kafka ${size} (Kafka)`,
    [
      [
        ...['whole process', ...COST_HEADING, 'killed at', 'then s'],
        ...['sums', 'sums after kill -9'],
      ],
      ...lines,
    ],
    [
      `Medians of ${runs} runs in turn, then of ${runs} kills; ${PARTITIONS} partitions, raw Avro of 55 fields, not compressed.`,
      `Sums: the totals of ${reference.subscribers} subscribers and the rows of ${reference.rows.size} of them against the log.`,
      'A consumer that writes and commits apart reads again after each rebalance of its group.',
      'Killed at: the share of the topic whose offsets were committed. Then s: from the start of the same',
      `command until all is applied, including waits for the session of the killed process. ${loadText()}`,
    ],
  )
  for (const one of found) {
    noteFigures('peers-kafka', {
      ...{ peer: nameOf(one), rows, runs, cpuSeconds: cpuOf(one.costs) },
      wallSeconds: median(one.costs.map((cost) => cost.wallSeconds)),
      restarts: one.restarts,
      differences: one.differences,
    })
  }
}
