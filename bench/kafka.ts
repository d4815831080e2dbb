// Bench of consuming a topic: whole processes, compared with fetch-only loops and Kafka Streams.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { PARTITIONS, withBroker, type BenchBroker } from './kafka-broker.ts'
import { comparedPeer, readReference, type ComparedPeer } from './kafka-compared.ts'
import type { BenchOptions } from './options.ts'
import { PRODUCT, runProcess, type Cost } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { COST_HEADING, costCells, cpuOf, loadText, printTable } from './table.ts'

const CONSUME = join(import.meta.dirname, 'kafka-consume.ts')
const FETCH = join(import.meta.dirname, 'kafka-fetch.ts')
const CODECS = ['none', 'lz4', 'zstd'] as const
/** Longer than any run: only the first snapshot is computed, of an empty state. */
const NEVER = '24h'

const DEFAULTS = 'xdr-pulse run, a durable commit every second'
const NO_SNAPSHOT = 'xdr-pulse run, no snapshots'
const ALONE = 'the same consumer without server and snapshots'
const NOTHING = 'xdr-pulse run, an empty topic: start and end only'
const FETCHES = { package: "fetch only: the client's fetch()", own: 'fetch only: src/kafka' }

type Codec = (typeof CODECS)[number]

const nameOf = (codec: Codec): string =>
  codec === 'none' ? NO_SNAPSHOT : `${NO_SNAPSHOT}: ${codec}`

interface Scene {
  broker: BenchBroker
  topics: Record<Codec | 'empty', string>
  records: number
  directory: string
  options: BenchOptions
}

/** Runs everything in turn, so that other load affects all alike. */
export async function benchKafka(options: BenchOptions): Promise<void> {
  const file = await sampleFile(options.rows, options.subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topics = await fillTopics(broker, file)
      const records = broker.recordsOf(topics.none)
      const scene = { broker, topics, records, directory, options }
      const reference = await referenceOf(scene)
      const ends = await broker.endsOf(topics.none)
      const peer = comparedPeer({ ...scene, topic: topics.none, ends, ...reference }, options.peer)
      const methods = methodsOf(scene)
      const costs = new Map([...methods.keys()].map((name): [string, Cost[]] => [name, []]))
      for (let run = 0; run < options.runs; run++) {
        for (const [name, method] of methods) costs.get(name)?.push(await method())
        await peer.round()
      }
      printAll(scene, costs, peer)
    }),
  )
}

async function fillTopics(broker: BenchBroker, file: string): Promise<Scene['topics']> {
  const topics = { none: '', lz4: '', zstd: '', empty: await broker.newTopic() }
  const fill = async (codec: Codec): Promise<void> => {
    topics[codec] = await broker.newTopic()
    await broker.fill(topics[codec], file, ['--compression', codec])
  }
  await Promise.all(CODECS.map(fill))
  return topics
}

const stateOf = ({ directory }: Scene): string => join(directory, 'state')

/** A warm-up run, whose result is the reference for the peer. */
async function referenceOf(scene: Scene) {
  const state = stateOf(scene)
  await runProcess(consume(scene, 'none', ['--snapshot-interval', NEVER]))
  const reference = await readReference(state)
  rmSync(state, { recursive: true })
  return { reference }
}

const consume = (scene: Scene, topic: keyof Scene['topics'], more: readonly string[]): string[] => [
  ...[process.execPath, PRODUCT, 'run', '--kafka', scene.broker.addresses],
  ...['--topic', scene.topics[topic], '--group', scene.topics[topic]],
  ...['--state', stateOf(scene), '--until-caught-up', '--port', '0', '--log-level', 'warn'],
  ...['--json', ...more],
]

function methodsOf(scene: Scene): Map<string, () => Promise<Cost>> {
  const { broker, topics, records } = scene
  const state = stateOf(scene)
  const timed = async (command: readonly string[]): Promise<Cost> => {
    const cost = await runProcess(command)
    rmSync(state, { recursive: true })
    return cost
  }
  const fetchLoop = (method: string): Promise<Cost> =>
    runProcess([process.execPath, FETCH, method, broker.addresses, topics.none, String(records)])
  const codecs = CODECS.map((codec): [string, () => Promise<Cost>] => {
    return [nameOf(codec), () => timed(consume(scene, codec, ['--snapshot-interval', NEVER]))]
  })
  return new Map([
    [DEFAULTS, () => timed(consume(scene, 'none', []))],
    [ALONE, () => timed([process.execPath, CONSUME, broker.addresses, topics.none, state])],
    [NOTHING, () => timed(consume(scene, 'empty', []))],
    [FETCHES.package, () => fetchLoop('package')],
    [FETCHES.own, () => fetchLoop('own')],
    ...codecs,
  ])
}

function printAll(
  { records, options }: Scene,
  found: ReadonlyMap<string, Cost[]>,
  peer: ComparedPeer,
): void {
  const { rows, subscribers, runs } = options
  const command = `npm run bench -- kafka --rows ${rows} --subscribers ${subscribers} --runs ${runs}`
  const costsOf = (name: string): Cost[] => found.get(name) ?? []
  const limits = Object.values(FETCHES).map((name) => cpuOf(costsOf(name)))
  const names = [DEFAULTS, NO_SNAPSHOT, ALONE, ...Object.values(FETCHES)]
  const lines = names.map((name) => {
    const shares = limits.map((cpu) => (cpu / cpuOf(costsOf(name))).toFixed(2))
    return [name, ...costCells(records, costsOf(name)), ...shares]
  })
  const nothing = [NOTHING, ...costCells(0, costsOf(NOTHING)), '', '']
  printTable(
    command,
    [['whole process', ...COST_HEADING, 'of fetch()', 'of src/kafka'], ...lines, nothing],
    [
      `Medians of ${runs} runs in turn; ${PARTITIONS} partitions, records of 55 fields, raw Avro.`,
      `Last columns: records per CPU second relative to each fetch-only loop. ${loadText()}`,
    ],
  )
  const byCodec = CODECS.map((codec) => [codec, ...costCells(records, costsOf(nameOf(codec)))])
  printTable(`${command} (by compression)`, [['compression', ...COST_HEADING], ...byCodec])
  peer.print(`${command} --peer ${options.peer}`, cpuOf(costsOf(DEFAULTS)))
}
