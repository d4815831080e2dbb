// Kafka Streams with the same aggregate: its configurations, and its passes over a topic.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildJava, javaCommand, SCHEMA, type JavaPeer } from './java-peer.ts'
import type { BenchBroker } from './kafka-broker.ts'
import { runProcess } from './process.ts'

/** Its folder and its class. */
export const STREAMS: JavaPeer = { folder: 'kafka-streams', main: 'bench.Peer', jvm: [] }
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
  /** The exclusive end of each partition's records. */
  ends: readonly number[]
  durationFactor: number
  look: readonly number[]
  directory: string
}

/** The command that reads a topic to its end as the application `name`, `passes` times. */
export const streamsCommand = (
  { guarantee, cache }: PeerConfiguration,
  { broker, topic, records, ends, durationFactor, look }: Omit<PeerInput, 'directory'>,
  { name, state, passes }: { name: string; state: string; passes: number },
): string[] =>
  javaCommand(STREAMS, records, {
    ...{ name, topic, state, guarantee, cache, schema: SCHEMA, brokers: broker.addresses },
    ...{ ends: ends.join(','), passes, factor: durationFactor, look: look.join(',') },
  })

/** Reads the topic PASSES times in one process; returns the cost of each pass. */
export async function runPeer(
  configuration: PeerConfiguration,
  input: PeerInput,
): Promise<PeerPass[]> {
  buildJava(STREAMS)
  // The names of its changelogs begin with it.
  const name = `${input.topic}-peer-${randomUUID().slice(0, 8)}`
  const state = join(input.directory, 'streams')
  const command = streamsCommand(configuration, input, { name, state, passes: PASSES })
  const cost = await runProcess(command)
  rmSync(state, { recursive: true, force: true })
  await input.broker.drop(name)
  const lines = cost.stdout.trim().split('\n')
  const passes = lines.map((line) => JSON.parse(line) as Omit<PeerPass, 'peakBytes'>)
  return passes.map((pass) => ({ ...pass, peakBytes: cost.peakBytes }))
}
