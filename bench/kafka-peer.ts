// The peer of the Kafka bench: Kafka Streams with the same aggregate, built by Maven when needed.
import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchBroker } from './kafka-broker.ts'
import { runProcess, works } from './process.ts'
import { OUT } from './sample.ts'

const HOME = join(import.meta.dirname, 'peers/kafka-streams')
const BUILT = join(OUT, 'kafka-streams')
const STAMP = join(BUILT, 'stamp')
const SCHEMA = join(import.meta.dirname, '../schema/xdr.avsc')
const BUILD_MS = 10 * 60_000
/** The collector with the lowest cost, and a heap that it rarely needs to collect. */
const JVM = ['-Xms2g', '-Xmx4g', '-Xmn1500m', '-XX:+UseParallelGC']
const SMALL_JVM = ['-Xmx512m', '-XX:+UseSerialGC']
/** Below this number of rows, allocating the large heap would dominate. */
const SMALL_ROWS = 100_000
/** The first pass includes the start of the process; in the second all code is compiled. */
const PASSES = 2

/** A configuration of the peer. */
export interface PeerConfiguration {
  guarantee: 'at_least_once' | 'exactly_once_v2'
  cache: 'on' | 'off'
}

/** All configurations, the fastest first. */
export const CONFIGURATIONS: readonly PeerConfiguration[] = [
  { guarantee: 'exactly_once_v2', cache: 'off' },
  { guarantee: 'at_least_once', cache: 'off' },
  { guarantee: 'exactly_once_v2', cache: 'on' },
  { guarantee: 'at_least_once', cache: 'on' },
]

/** The cost of one pass over the topic; the last pass includes its result. */
export interface PeerPass {
  wallSeconds: number
  cpuSeconds: number
  peakBytes: number
  subscribers?: number
  /** The 21 numbers of each requested subscriber. */
  rows?: Record<string, number[] | null>
}

/** The topic to read, and the subscribers to print afterwards. */
export interface PeerInput {
  broker: BenchBroker
  topic: string
  records: number
  durationFactor: number
  look: readonly number[]
  directory: string
}

/** Why the peer cannot run on this machine; null when it can. */
export function whyNoPeer(): string | null {
  if (isBuilt() && works('java', ['-version'])) return null
  return works('mvn', ['-version']) ? null : 'Kafka Streams: skipped, building it needs Maven'
}

/** Hash of all sources of the peer. */
function sourceHash(): string {
  const hash = createHash('sha256')
  for (const file of globSync('{pom.xml,src/**/*.*}', { cwd: HOME }).sort()) {
    hash.update(readFileSync(join(HOME, file)))
  }
  return hash.digest('hex')
}

const isBuilt = (): boolean => existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourceHash()

function build(): void {
  if (isBuilt()) return
  rmSync(STAMP, { force: true })
  const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${BUILT}/lib`]
  const mvn = ['--quiet', '--batch-mode', '-Dstyle.color=never', '--file', join(HOME, 'pom.xml')]
  const run = spawnSync('mvn', [...mvn, ...goals], { encoding: 'utf8', timeout: BUILD_MS })
  if (run.status !== 0)
    throw new Error(`Maven failed to build the peer: ${run.stdout}${run.stderr}`)
  writeFileSync(STAMP, sourceHash())
}

/** Reads the topic PASSES times in one process; returns the cost of each pass. */
export async function runPeer(
  { guarantee, cache }: PeerConfiguration,
  { broker, topic, records, durationFactor, look, directory }: PeerInput,
): Promise<PeerPass[]> {
  build()
  // The names of its changelogs begin with it.
  const name = `${topic}-peer-${randomUUID().slice(0, 8)}`
  const state = join(directory, 'streams')
  const options = {
    ...{ name, topic, state, guarantee, cache, schema: SCHEMA, brokers: broker.addresses },
    ...{ records, passes: PASSES, factor: durationFactor, look: look.join(',') },
  }
  const jvm = records < SMALL_ROWS ? SMALL_JVM : JVM
  const classes = `${BUILT}/classes:${BUILT}/lib/*`
  const given = Object.entries(options).map(([key, value]) => `${key}=${value}`)
  const cost = await runProcess(['java', ...jvm, '-cp', classes, 'bench.Peer', ...given])
  rmSync(state, { recursive: true, force: true })
  await broker.drop(name)
  const lines = cost.stdout.trim().split('\n')
  const passes = lines.map((line) => JSON.parse(line) as Omit<PeerPass, 'peakBytes'>)
  return passes.map((pass) => ({ ...pass, peakBytes: cost.peakBytes }))
}
