// A Kafka cluster on loopback without containers: brokers, a controller, and waiting for them.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quietClient } from './client.ts'
import { findKafka } from './jars.ts'
import { prepareNode, type KafkaNode } from './node.ts'
import { LOOPBACK, nodeProperties, type Listener, type NodeRole } from './properties.ts'

/** A start takes 3 s on two idle cores; with other tests running it takes longer. */
const START_MS = 120_000
const POLL_MS = 100
const ARCHIVE_HEAP_MIB = 384
/** All clusters may share one id: each has its own ports. */
const CLUSTER_ID = 'eGRyLXB1bHNlLWthZmthMQ'
/** Node of the controller of two brokers: it survives when either of them is killed. */
const CONTROLLER_ID = 100

/** The settings of a cluster. */
export interface ClusterSettings {
  directory: string
  /** One broker is its own controller; two have a separate one. */
  brokers: 1 | 2
  /** The listeners of each broker; brokers use the first one among themselves. */
  listeners(broker: number): readonly Listener[]
  controllerPort: number
  properties?: Readonly<Record<string, string>>
  scram?: readonly string[]
  heapMiB: number
  quick: boolean
  archiveTo?: string
  /** Further arguments of Java. */
  jvm?: readonly string[]
}

/** A running cluster: its brokers, and the bootstrap servers of the first listener. */
export interface RunningCluster {
  bootstrap: string[]
  brokers: { id: number; listeners: readonly Listener[]; node: KafkaNode }[]
  /** Waits until this many brokers answer, by default all. */
  answering(brokers?: number): Promise<void>
  /** Ends every process. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * Starts a cluster and waits until all brokers answer.
 *
 * @throws Error when Java or the jars are missing, or with the end of the log of a process that ended
 */
export async function startCluster(settings: ClusterSettings): Promise<RunningCluster> {
  const ids = settings.brokers === 1 ? [1] : [1, 2]
  const brokers = await Promise.all(
    ids.map(async (id) => {
      const listeners = settings.listeners(id)
      return { id, listeners, node: await prepare(settings, id, listeners) }
    }),
  )
  const controllers = ids.length === 1 ? [] : [await prepare(settings, CONTROLLER_ID, [])]
  const nodes = [...controllers, ...brokers.map(({ node }) => node)]
  const bootstrap = brokers.map(({ listeners }) => `${LOOPBACK}:${listeners[0].port}`)
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    // The controller is last: brokers report their shutdown to it.
    for (const node of nodes.toReversed()) await node.stop(signal)
  }
  const answering = (count = ids.length) => waitUntilAnswering(bootstrap, count, nodes)
  try {
    await Promise.all(nodes.map((node) => node.start()))
    await answering()
  } catch (error) {
    await stop('SIGKILL')
    throw error
  }
  return { bootstrap, brokers, answering, stop }
}

function prepare(
  settings: ClusterSettings,
  id: number,
  listeners: readonly Listener[],
): Promise<KafkaNode> {
  const { directory, controllerPort, properties, scram, heapMiB, quick, archiveTo, jvm } = settings
  const alone = settings.brokers === 1
  const controllerId = alone ? id : CONTROLLER_ID
  const roles: NodeRole['roles'] =
    id !== controllerId ? 'broker' : alone ? 'broker,controller' : 'controller'
  const controller = { id: controllerId, port: controllerPort }
  const role: NodeRole = { id, roles, listeners, controller, brokers: settings.brokers }
  return prepareNode({
    java: findKafka(),
    directory: join(directory, `node-${id}`),
    properties: { ...nodeProperties(role), ...properties },
    clusterId: CLUSTER_ID,
    // The controller stores the users.
    scram: id === controllerId ? (scram ?? []) : [],
    heapMiB,
    quick,
    ...(archiveTo === undefined ? {} : { archiveTo }),
    ...(jvm === undefined ? {} : { jvm }),
  })
}

/** Starts and stops a broker once, so that Java writes the archive that speeds up later starts. */
export async function archiveClasses(): Promise<void> {
  const { archive } = findKafka()
  if (existsSync(archive)) return
  const directory = await mkdtemp(join(tmpdir(), 'xdr-pulse-archive-'))
  try {
    const archiveTo = join(directory, 'classes.jsa')
    const [controllerPort, port] = await freePorts(2)
    const cluster = await startCluster({
      directory,
      brokers: 1,
      listeners: () => [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertisedPort: port }],
      controllerPort,
      heapMiB: ARCHIVE_HEAP_MIB,
      quick: true,
      archiveTo,
    })
    await cluster.stop('SIGTERM')
    const partial = `${archive}.${process.pid}`
    await copyFile(archiveTo, partial)
    await rename(partial, archive)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Topics can be created only when every broker knows the others: an open port is not enough. */
async function waitUntilAnswering(
  bootstrap: readonly string[],
  count: number,
  nodes: readonly KafkaNode[],
): Promise<void> {
  const end = Date.now() + START_MS
  while (Date.now() < end) {
    const failure = nodes.map((node) => node.failure()).find((error) => error !== null)
    if (failure !== undefined) throw failure
    const counts = await Promise.all(bootstrap.map(countBrokers))
    if (counts.filter((known) => known >= count).length >= count) return
    await sleep(POLL_MS)
  }
  throw new Error(`Kafka on ${bootstrap.join(',')} did not answer within ${START_MS / 1000} s`)
}

/** Number of brokers that the broker at this address knows; 0 when it does not answer. */
async function countBrokers(address: string): Promise<number> {
  const admin = quietClient({ brokers: [address], connectionTimeout: 1000 }).admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length
  } catch {
    // The caller repeats the question until its time is over.
    return 0
  } finally {
    await admin.disconnect()
  }
}

/** Distinct free ports of loopback. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, LOOPBACK)
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
