// The consumers that are compared: how each is started, and what it answers at its end.
import { join } from 'node:path'
import { buildJava, javaCommand, SCHEMA, whyNotJava, type JavaPeer } from './java-peer.ts'
import { readReference } from './kafka-compared.ts'
import { CONFIGURATIONS, STREAMS, streamsCommand, type PeerInput } from './kafka-peer.ts'
import type { BenchOptions } from './options.ts'
import { PRODUCT } from './process.ts'

const PLAIN = join(import.meta.dirname, 'peers/kafkajs-lmdb.ts')
const OPENED = ['java.util', 'java.lang'].map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
const FLINK: JavaPeer = { folder: 'flink', main: 'bench.FlinkPeer', jvm: OPENED }
/** As often as the others commit. */
const CHECKPOINT_MS = 1000
/** Longer than any run: peers have no snapshots. */
const NEVER = '24h'

/** The default of kafkajs, and for few records the shortest that brokers allow by default. */
const [USUAL_SESSION_MS, SHORT_SESSION_MS, FEW_RECORDS] = [30_000, 6000, 100_000]

/** One run of a consumer. */
export interface Job extends Omit<PeerInput, 'directory'> {
  /** The name of its group, and the beginning of the names of topics of its own. */
  group: string
  /** The directory of its state. */
  state: string
}

/** What a consumer has found at its end. */
export interface Answer {
  version: string
  subscribers: number
  /** The 21 numbers of all subscribers: sums, the first start and the last end. */
  totals: number[]
  /** The 21 numbers of the subscribers of `look`. */
  rows: Record<string, number[] | undefined>
}

/** A consumer. */
export interface KafkaPeer {
  id: string
  name: string
  /** How it is configured. */
  detail: string
  /** Whether it promises each record once: it commits offsets with what they made. */
  isExact: boolean
  /** Why it cannot run here; null when it can. */
  whyNot: (options: BenchOptions) => string | null
  prepare: () => void
  /** The command that reads from the last commit to the end of the topic. */
  command: (job: Job) => string[]
  answer: (job: Job, stdout: string) => Promise<Answer>
}

/** This project, without snapshots. */
export const PULSE: KafkaPeer = {
  id: 'pulse',
  name: 'xdr-pulse run',
  detail: 'no snapshots',
  isExact: true,
  whyNot: () => null,
  prepare: () => undefined,
  command: ({ broker, topic, group, state }) => [
    ...[process.execPath, PRODUCT, 'run', '--kafka', broker.addresses, '--topic', topic],
    ...['--group', group, '--state', state, '--until-caught-up', '--port', '0'],
    ...['--log-level', 'warn', '--json', '--snapshot-interval', NEVER],
  ],
  async answer({ state }) {
    const { subscribers, totals, rows } = await readReference(state)
    return { version: '', subscribers, totals, rows: Object.fromEntries(rows) }
  },
}

/** The last line of what a peer prints. */
const lastLine = (_: Job, stdout: string): Promise<Answer> =>
  Promise.resolve(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer)

const plainConsumer = (write: 'record' | 'batch', detail: string): KafkaPeer => ({
  id: `plain-${write}`,
  name: 'kafkajs and LMDB',
  detail,
  // A member that rejoins its group reads again what it has not committed.
  isExact: false,
  // Each write waits for the disk.
  whyNot: ({ rows }) =>
    write === 'record' && rows > FEW_RECORDS
      ? `with ${detail} skipped, it would take minutes: up to ${FEW_RECORDS} rows only`
      : null,
  prepare: () => undefined,
  command: ({ broker, topic, group, state, ends, records, durationFactor, look }) => [
    ...[process.execPath, PLAIN, `brokers=${broker.addresses}`, `topic=${topic}`],
    ...[`group=${group}`, `state=${state}`, `ends=${ends.join(',')}`, `write=${write}`],
    ...[`factor=${durationFactor}`, `look=${look.join(',')}`],
    `session=${records < FEW_RECORDS ? SHORT_SESSION_MS : USUAL_SESSION_MS}`,
  ],
  answer: lastLine,
})

const streams: KafkaPeer = {
  id: 'streams',
  name: 'Kafka Streams',
  detail: 'exactly_once_v2',
  isExact: true,
  whyNot: ({ peer }) => whyNotJava(STREAMS, peer),
  prepare: () => buildJava(STREAMS),
  command: (job) =>
    streamsCommand(CONFIGURATIONS[0], job, { name: job.group, state: job.state, passes: 1 }),
  answer: lastLine,
}

const flink: KafkaPeer = {
  id: 'flink',
  name: 'Flink',
  detail: 'heap state',
  isExact: true,
  whyNot: ({ peer }) => whyNotJava(FLINK, peer),
  prepare: () => buildJava(FLINK),
  command: ({ broker, topic, group, state, records, ends, durationFactor, look }) =>
    javaCommand(FLINK, records, {
      ...{ brokers: broker.addresses, topic, group, state, schema: SCHEMA },
      ...{
        ends: ends.join(','),
        checkpoint: CHECKPOINT_MS,
        factor: durationFactor,
        look: look.join(','),
      },
    }),
  answer: lastLine,
}

/** All consumers, this project first. */
export const PEERS: readonly KafkaPeer[] = [
  PULSE,
  streams,
  flink,
  plainConsumer('record', 'a write per record'),
  plainConsumer('batch', 'a transaction per batch'),
]
