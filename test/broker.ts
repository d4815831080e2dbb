// A real Kafka for tests: brackets around clusters that a test may break.
import { readFile } from 'node:fs/promises'
import { makeCertificates, type Certificates } from '../scripts/kafka/certificates.ts'
import { freePorts, startCluster, type RunningCluster } from '../scripts/kafka/cluster.ts'
import { whyNoKafka } from '../scripts/kafka/jars.ts'
import type { Listener } from '../scripts/kafka/properties.ts'
import { saslProperties, scramUsers, tlsProperties } from '../scripts/kafka/security.ts'
import { operate, type Operations } from './broker-operations.ts'
import { withDirectory } from './state-directory.ts'

const HEAP_MIB = 384
/** The user of `scram`; a test may know the password. */
export const USER = { name: 'xdr', password: 'throw-away-secret' }

/** Lets sessions be short and compaction, deletion and fencing quick, all within a test. */
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
  // A killed leader is replaced, and a killed broker let in again, after 3 s instead of 9.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
}

/** What a cluster for a test is made from. */
export interface ClusterOptions {
  brokers?: 1 | 2
  /** Adds a TLS listener that asks for a client certificate (`ssl`). */
  tls?: boolean
  /** Adds a SASL listener (`sasl`), with TLS if `tls`: SCRAM, PLAIN and OAUTHBEARER. */
  scram?: boolean
  /** Adds a listener (`proxy`) that sends clients to these ports, one a broker. */
  advertised?: readonly number[]
  properties?: Readonly<Record<string, string>>
}

/** Listeners by what they ask for. */
export type Security = 'plain' | 'ssl' | 'sasl' | 'proxy'

/** How to connect, in terms that any client understands; `files` has the same as paths. */
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
  /** Where a proxy sends what it takes; 0 without `advertised`. */
  proxyPort: number
  /** SIGTERM (unless told) is how an operator stops it, SIGKILL how power does. */
  stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
  /** Starts it again, on the same port with the same data, and waits until it answers. */
  start: () => Promise<void>
  /** SIGSTOP makes it hang, SIGCONT goes on. */
  signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
}

/** A cluster that belongs to one test. */
export interface Cluster extends Operations {
  brokers: Broker[]
  connection: (security?: Security) => Promise<Connection>
}

/** For `test(name, needsKafka(), …)`: skips where Kafka cannot be; under CI nothing is skipped. */
export function needsKafka(): { skip: string | false } {
  if (process.env['CI'] !== undefined || process.env['KAFKA_BROKERS'] !== undefined) {
    return { skip: false }
  }
  return { skip: whyNoKafka() ?? false }
}

/** Runs `work` with a cluster of its own; its processes and files are gone afterwards. */
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

/** Starts a cluster; whoever calls this ends it. */
export async function launchCluster(
  directory: string,
  { brokers = 1, tls = false, scram = false, advertised, properties }: ClusterOptions,
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
      ...properties,
    },
    scram: scram ? scramUsers(USER) : [],
    heapMiB: HEAP_MIB,
    quick: true,
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
      if (listener === undefined) throw new Error('the cluster was made without such a listener')
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
    if (certificates === null) throw new Error('the cluster was made without tls')
    const [cert, key] = await Promise.all(
      [certificates.cert, certificates.key].map((file) => readFile(file, 'utf8')),
    )
    const brokerAddresses = addresses((name) => name === 'SSL')
    return { brokers: brokerAddresses, tls: { ca, cert, key }, files: certificates }
  }
  return { ...operate(running.bootstrap), brokers, connection }
}
