// A real Kafka for tests: runs them with a cluster that a test may break.
import { readFile } from 'node:fs/promises'
import { makeCertificates, type Certificates } from '../scripts/kafka/certificates.ts'
import { freePorts, startCluster, type RunningCluster } from '../scripts/kafka/cluster.ts'
import { whyNoKafka } from '../scripts/kafka/jars.ts'
import type { Listener } from '../scripts/kafka/properties.ts'
import {
  allowUrl,
  saslProperties,
  scramUsers,
  tlsProperties,
  tokenProperties,
} from '../scripts/kafka/security.ts'
import { operate, type Operations } from './broker-operations.ts'
import { withDirectory } from './state-directory.ts'

const HEAP_MIB = 384
/** The user of `scram`; a test may know the password. */
export const USER = { name: 'xdr', password: 'throw-away-secret' }

/** Short sessions, and compaction, deletion and fencing within seconds. */
const IMPATIENT: Readonly<Record<string, string>> = {
  'group.min.session.timeout.ms': '1000',
  'group.consumer.min.session.timeout.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'log.initial.task.delay.ms': '500',
  'log.retention.check.interval.ms': '1000',
  'log.segment.delete.delay.ms': '500',
  'log.cleaner.backoff.ms': '200',
  'log.cleaner.min.cleanable.ratio': '0.01',
  'log.cleaner.dedupe.buffer.size': '8388608',
  // A killed leader is replaced, and a killed broker readmitted, after 3 s instead of 9.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
}

/** For `properties`: a leader names the replica in the rack of its client; rack-N is broker N's. */
export const BY_RACK = {
  properties: {
    'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
  },
}

/** The options of a cluster. */
export interface ClusterOptions {
  brokers?: 1 | 2
  /** Adds a TLS listener that requires a client certificate (`ssl`). */
  tls?: boolean
  /** Adds a SASL listener (`sasl`), with TLS if `tls`: SCRAM, PLAIN and OAUTHBEARER. */
  scram?: boolean
  /** Adds a listener (`proxy`) that advertises these ports, one per broker. */
  advertised?: readonly number[]
  properties?: Readonly<Record<string, string>>
  /** URL of the keys with which tokens of OAUTHBEARER are signed; without it they are unsigned. */
  tokenKeys?: string
}

/** The kinds of listeners. */
export type Security = 'plain' | 'ssl' | 'sasl' | 'proxy'

/** Connection settings for any client; `files` has the certificates as paths. */
export interface Connection {
  brokers: string[]
  tls?: { ca: string; cert?: string; key?: string }
  sasl?: { mechanism: 'scram-sha-512'; username: string; password: string }
  files?: { ca: string; cert: string; key: string }
}

/** One broker of a cluster; `port` is that of the plain listener. */
export interface Broker {
  id: number
  port: number
  /** The port to which a proxy forwards; 0 without `advertised`. */
  proxyPort: number
  /** Stops it: by SIGTERM (the default) as an operator does, by SIGKILL as a power failure does. */
  stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Starts it again, on the same port with the same data, and waits until it answers. */
  start: () => Promise<void>
  /** SIGSTOP suspends it, SIGCONT resumes it. */
  signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
}

/** A cluster that belongs to one test. */
export interface Cluster extends Operations {
  brokers: Broker[]
  connection: (security?: Security) => Promise<Connection>
}

/** For `test(name, needsKafka(), …)`: skips where Kafka cannot run; under CI nothing is skipped. */
export function needsKafka(): { skip: string | false } {
  if (process.env['CI'] !== undefined || process.env['KAFKA_BROKERS'] !== undefined) {
    return { skip: false }
  }
  return { skip: whyNoKafka() ?? false }
}

/** Runs `work` with a new cluster; ends its processes and deletes its files afterwards. */
export const withCluster = (
  options: ClusterOptions,
  work: (cluster: Cluster) => Promise<void>,
): Promise<void> =>
  withDirectory(async (directory) => {
    const certificates = options.tls === true ? await makeCertificates(directory) : null
    const running = await launchCluster(directory, options, certificates)
    try {
      await work(describeCluster(running, certificates))
    } finally {
      await running.stop('SIGKILL')
    }
  })

/** Starts a cluster; the caller stops it. */
export async function launchCluster(
  directory: string,
  { brokers = 1, tls = false, scram = false, advertised, properties, tokenKeys }: ClusterOptions,
  certificates: Certificates | null,
): Promise<RunningCluster> {
  const sasl = tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'
  const names: Listener['name'][] = ['PLAINTEXT']
  if (tls) names.push('SSL')
  if (scram) names.push(sasl)
  if (advertised !== undefined) names.push('PROXY')
  const [controllerPort, ...ports] = await freePorts(1 + names.length * brokers)
  const listeners = (broker: number): Listener[] =>
    names.map((name, at) => {
      const port = ports[(broker - 1) * names.length + at]
      if (name !== 'PROXY') {
        return { name, protocol: name as Listener['protocol'], port, advertisedPort: port }
      }
      return { name, protocol: 'PLAINTEXT', port, advertisedPort: advertised?.[broker - 1] ?? port }
    })
  return startCluster({
    directory,
    brokers,
    listeners,
    controllerPort,
    properties: {
      ...IMPATIENT,
      ...(certificates === null ? {} : tlsProperties(certificates)),
      ...(scram ? saslProperties(sasl, USER) : {}),
      ...(tokenKeys === undefined ? {} : tokenProperties(sasl, tokenKeys)),
      ...properties,
    },
    scram: scram ? scramUsers(USER) : [],
    heapMiB: HEAP_MIB,
    quick: true,
    ...(tokenKeys === undefined ? {} : { jvm: [allowUrl(tokenKeys)] }),
  })
}

function describeCluster(running: RunningCluster, certificates: Certificates | null): Cluster {
  const brokers = running.brokers.map(({ id, listeners, node }) => ({
    id,
    port: listeners[0].port,
    proxyPort: listeners.find(({ name }) => name === 'PROXY')?.port ?? 0,
    stop: (signal?: 'SIGTERM' | 'SIGKILL') => node.stop(signal),
    start: async () => {
      await node.start()
      const up = running.brokers.filter((broker) => broker.node.pid() !== null)
      await running.answering(up.length)
    },
    signal: (signal: 'SIGSTOP' | 'SIGCONT') => node.signal(signal),
  }))
  const addresses = (wanted: (name: string) => boolean): string[] => {
    const found = running.brokers.map(({ listeners }) => listeners.find(({ name }) => wanted(name)))
    return found.map((listener) => {
      if (listener === undefined) throw new Error('the cluster has no such listener')
      return `127.0.0.1:${listener.advertisedPort}`
    })
  }
  const connection = async (security: Security = 'plain'): Promise<Connection> => {
    const { name: username, password } = USER
    const ca = certificates === null ? '' : await readFile(certificates.ca, 'utf8')
    if (security === 'plain') return { brokers: running.bootstrap }
    if (security === 'proxy') return { brokers: addresses((name) => name === 'PROXY') }
    if (security === 'sasl') {
      const sasl = { mechanism: 'scram-sha-512', username, password } as const
      const secure = certificates === null ? {} : { tls: { ca }, files: certificates }
      return { brokers: addresses((name) => name.startsWith('SASL')), sasl, ...secure }
    }
    if (certificates === null) throw new Error('the cluster has no TLS')
    const [cert, key] = await Promise.all(
      [certificates.cert, certificates.key].map((file) => readFile(file, 'utf8')),
    )
    const brokerAddresses = addresses((name) => name === 'SSL')
    return { brokers: brokerAddresses, tls: { ca, cert, key }, files: certificates }
  }
  return { ...operate(running.bootstrap), brokers, connection }
}
