// Bench of consuming a topic: whole processes beside a loop that only fetches, and Kafka Streams.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { COST_HEADING, costCells, cpuOf, loadText } from './cost-table.ts'
import { PARTITIONS, withBroker, type BenchBroker } from './kafka-broker.ts'
import { comparedPeer, type ComparedPeer } from './kafka-compared.ts'
import { readReference } from './kafka-reference.ts'
import type { BenchOptions } from './options.ts'
import { PRODUCT, runProcess, type Cost } from './process.ts'
import { sampleFile, withStates } from './sample.ts'
import { printTable } from './table.ts'

const CONSUME = join(import.meta.dirname, 'kafka-consume.ts')
const FETCH = join(import.meta.dirname, 'kafka-fetch.ts')
const CODECS = ['none', 'lz4', 'zstd'] as const
/** Longer than any run: the one snapshot is the first, of nothing. */
const NEVER = '24h'

const DEFAULTS = 'xdr-pulse run, a durable commit each second'
const NO_SNAPSHOT = 'xdr-pulse run, no snapshot meanwhile'
const ALONE = 'the same consumer without server and snapshots'
const NOTHING = 'xdr-pulse run, nothing to read: its start and end'
const FETCHES = { package: "only fetch: the client's fetch()", own: 'only fetch: our own loop' }

type Codec = (typeof CODECS)[number]

const nameOf = (codec: Codec): string =>
  codec === 'none' ? NO_SNAPSHOT : `${NO_SNAPSHOT}: ${codec}`

interface Setting {
  broker: BenchBroker
  topics: Record<Codec | 'empty', string>
  records: number
  directory: string
  options: BenchOptions
}

/** Everything in turn, so that what else the machine does meets all alike. */
export async function benchKafka(options: BenchOptions): Promise<void> {
  const file = await sampleFile(options.rows, options.subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topics = await fillTopics(broker, file)
      const records = await broker.recordsOf(topics.none)
      const setting = { broker, topics, records, directory, options }
      const reference = await referenceOf(setting)
      const peer = comparedPeer({ ...setting, topic: topics.none, ...reference }, options.peer)
      const ways = waysOf(setting)
      const costs = new Map([...ways.keys()].map((name): [string, Cost[]] => [name, []]))
      for (let run = 0; run < options.runs; run++) {
        for (const [name, way] of ways) costs.get(name)?.push(await way())
        await peer.round()
      }
      printAll(setting, costs, peer)
    }),
  )
}

async function fillTopics(broker: BenchBroker, file: string): Promise<Setting['topics']> {
  const topics = { none: '', lz4: '', zstd: '', empty: await broker.newTopic() }
  const fill = async (codec: Codec): Promise<void> => {
    topics[codec] = await broker.newTopic()
    await broker.fill(topics[codec], file, ['--compression', codec])
  }
  await Promise.all(CODECS.map(fill))
  return topics
}

const stateOf = ({ directory }: Setting): string => join(directory, 'state')

/** One run to warm up, of which the numbers are kept. */
async function referenceOf(setting: Setting) {
  const state = stateOf(setting)
  await runProcess(consume(setting, 'none', ['--snapshot-interval', NEVER]))
  const reference = await readReference(state)
  rmSync(state, { recursive: true })
  return { reference }
}

const consume = (
  setting: Setting,
  topic: keyof Setting['topics'],
  more: readonly string[],
): string[] => [
  ...[process.execPath, PRODUCT, 'run', '--kafka', setting.broker.addresses],
  ...['--topic', setting.topics[topic], '--group', setting.topics[topic]],
  ...['--state', stateOf(setting), '--until-caught-up', '--port', '0', '--log-level', 'warn'],
  ...['--json', ...more],
]

function waysOf(setting: Setting): Map<string, () => Promise<Cost>> {
  const { broker, topics, records } = setting
  const state = stateOf(setting)
  const timed = async (command: readonly string[]): Promise<Cost> => {
    const cost = await runProcess(command)
    rmSync(state, { recursive: true })
    return cost
  }
  const fetchLoop = (way: string): Promise<Cost> =>
    runProcess([process.execPath, FETCH, way, broker.addresses, topics.none, String(records)])
  const codecs = CODECS.map((codec): [string, () => Promise<Cost>] => {
    return [nameOf(codec), () => timed(consume(setting, codec, ['--snapshot-interval', NEVER]))]
  })
  return new Map([
    [DEFAULTS, () => timed(consume(setting, 'none', []))],
    [ALONE, () => timed([process.execPath, CONSUME, broker.addresses, topics.none, state])],
    [NOTHING, () => timed(consume(setting, 'empty', []))],
    [FETCHES.package, () => fetchLoop('package')],
    [FETCHES.own, () => fetchLoop('own')],
    ...codecs,
  ])
}

function printAll(
  { records, options }: Setting,
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
    [['whole process', ...COST_HEADING, 'of fetch()', 'of our loop'], ...lines, nothing],
    [
      `Medians of ${runs} runs in turn; ${PARTITIONS} partitions, records of 55 fields, raw Avro.`,
      `The last columns: records per CPU second against either loop. ${loadText()}`,
    ],
  )
  const byCodec = CODECS.map((codec) => [codec, ...costCells(records, costsOf(nameOf(codec)))])
  printTable(`${command} (by compression)`, [['compression', ...COST_HEADING], ...byCodec])
  peer.print(`${command} --peer ${options.peer}`, cpuOf(costsOf(DEFAULTS)))
}
