// The server.properties of a node of a cluster on this machine.

/** A listener of a broker: its port, and the port that it advertises to clients. */
export interface Listener {
  name: string
  protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  port: number
  /** Differs from `port` behind a proxy. */
  advertisedPort: number
}

/** The role of a node in its cluster. */
export interface NodeRole {
  id: number
  roles: 'broker' | 'controller' | 'broker,controller'
  listeners: readonly Listener[]
  /** The only controller of the cluster. */
  controller: { id: number; port: number }
  /** Number of brokers in the cluster. */
  brokers: number
}

/** The address that all listeners use. */
export const LOOPBACK = '127.0.0.1'
const CONTROLLER = 'CONTROLLER'

/** Properties that make a node part of its cluster; all others keep Kafka's defaults. */
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
    // Static voters: ports may change between starts.
    'controller.quorum.voters': `${controller.id}@${LOOPBACK}:${controller.port}`,
    'controller.listener.names': CONTROLLER,
    listeners: [...own, ...control].join(','),
    'listener.security.protocol.map': [...protocols, `${CONTROLLER}:PLAINTEXT`].join(','),
    ...(isBroker
      ? {
          'advertised.listeners': advertised.join(','),
          'inter.broker.listener.name': listeners[0].name,
          'broker.rack': `rack-${id}`,
        }
      : {}),
    ...smallCluster(node.brokers),
  }
}

/** Small internal topics for one machine; no record is deleted because of its age. */
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
    // Tests write records with old timestamps, which retention would delete.
    'log.retention.ms': '-1',
    'num.network.threads': '2',
    'num.io.threads': '2',
  }
}
