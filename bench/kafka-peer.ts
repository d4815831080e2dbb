// The peer of the bench of Kafka: Kafka Streams with the same aggregate, built by Maven when asked.
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
/** The collector that costs it least, and memory enough that it seldom has to. */
const JVM = ['-Xms2g', '-Xmx4g', '-Xmn1500m', '-XX:+UseParallelGC']
const SMALL_JVM = ['-Xmx512m', '-XX:+UseSerialGC']
/** Below this a large heap would only take time to make. */
const SMALL_ROWS = 100_000
/** The first pass is the process from its start, the second finds everything compiled. */
const PASSES = 2

/** How the peer is run. */
export interface PeerConfiguration {
  guarantee: 'at_least_once' | 'exactly_once_v2'
  cache: 'on' | 'off'
}

/** Its best comes first. */
export const CONFIGURATIONS: readonly PeerConfiguration[] = [
  { guarantee: 'exactly_once_v2', cache: 'off' },
  { guarantee: 'at_least_once', cache: 'off' },
  { guarantee: 'exactly_once_v2', cache: 'on' },
  { guarantee: 'at_least_once', cache: 'on' },
]

/** What one pass over the topic cost; the last one tells what was found. */
export interface PeerPass {
  wallSeconds: number
  cpuSeconds: number
  peakBytes: number
  subscribers?: number
  /** The 21 numbers of each subscriber asked for. */
  rows?: Record<string, number[] | null>
}

/** What to read, and which subscribers to show afterwards. */
export interface PeerInput {
  broker: BenchBroker
  topic: string
  records: number
  durationFactor: number
  look: readonly number[]
  directory: string
}

/** Why there can be no peer on this machine; null when there can. */
export function whyNoPeer(): string | null {
  if (isBuilt() && works('java', ['-version'])) return null
  return works('mvn', ['-version']) ? null : 'Kafka Streams: left out, no Maven to build it'
}

/** All that the peer is made from. */
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
    throw new Error(`Maven could not build the peer: ${run.stdout}${run.stderr}`)
  writeFileSync(STAMP, sourceHash())
}

/** Reads the topic twice in one process, and returns what each pass cost. */
export async function runPeer(
  { guarantee, cache }: PeerConfiguration,
  { broker, topic, records, durationFactor, look, directory }: PeerInput,
): Promise<PeerPass[]> {
  build()
  // Its changelogs are named after it.
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
