// What server.properties says of a node of a cluster on this machine.

/** A listener of a broker: where it listens, and what it tells clients to connect to. */
export interface Listener {
  name: string
  protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  port: number
  /** Differs from `port` behind a proxy. */
  advertisedPort: number
}

/** One node as its properties describe it; a node may be both. */
export interface NodeRole {
  id: number
  roles: 'broker' | 'controller' | 'broker,controller'
  listeners: readonly Listener[]
  /** Of the one controller. */
  controller: { id: number; port: number }
  /** Brokers in the cluster. */
  brokers: number
}

export const LOOPBACK = '127.0.0.1'
const CONTROLLER = 'CONTROLLER'

/** Properties that make a node part of its cluster; all else has its default of Kafka. */
export function nodeProperties(node: NodeRole): Record<string, string> {
  const { id, roles, listeners, controller } = node
  const isController = roles.includes('controller')
  const isBroker = roles.includes('broker')
  const own = listeners.map(({ name, port }) => `${name}://${LOOPBACK}:${port}`)
  const control = isController ? [`${CONTROLLER}://${LOOPBACK}:${controller.port}`] : []
  const advertised = listeners.map(
    ({ name, advertisedPort }) => `${name}://${LOOPBACK}:${advertisedPort}`,
  )
  const protocols = listeners.map(({ name, protocol }) => `${name}:${protocol}`)
  return {
    'process.roles': roles,
    'node.id': String(id),
    // Fixed voters: ports may differ from one start to the next.
    'controller.quorum.voters': `${controller.id}@${LOOPBACK}:${controller.port}`,
    'controller.listener.names': CONTROLLER,
    listeners: [...own, ...control].join(','),
    'listener.security.protocol.map': [...protocols, `${CONTROLLER}:PLAINTEXT`].join(','),
    ...(isBroker
      ? {
          'advertised.listeners': advertised.join(','),
          'inter.broker.listener.name': listeners[0].name,
        }
      : {}),
    ...smallCluster(node.brokers),
  }
}

/** Internal topics of a size for one machine; nothing is dropped for the age of its records. */
function smallCluster(brokers: number): Record<string, string> {
  const replicas = String(brokers)
  return {
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
    'default.replication.factor': replicas,
    'min.insync.replicas': '1',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    // Records carry the time of the session: by it, all of them would be too old.
    'log.retention.ms': '-1',
    'num.network.threads': '2',
    'num.io.threads': '2',
  }
}
