// The one door to Kafka: how clients reach a cluster, and the package's clients themselves.
import type { BaseOptions, ConnectionOptions } from '@platformatic/kafka'

export * from '@platformatic/kafka'

/** How to reach a cluster. Secrets are values here, read from files or environment before. */
export interface KafkaConnection {
  /** host:port of brokers to begin with. */
  brokers: readonly string[]
  /** PEM texts; null for a connection in the clear. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null
  sasl:
    | { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string }
    | { mechanism: 'OAUTHBEARER'; token: string }
    | null
}

/** How any connection of it is made. */
export function connectionOptions({ tls, sasl }: KafkaConnection): ConnectionOptions {
  const options: ConnectionOptions = {}
  if (tls !== null) {
    const { ca, cert, key } = tls
    options.tls = {
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
    }
    // The name in the certificate is that of the broker connected to.
    options.tlsServerName = true
  }
  if (sasl !== null) options.sasl = sasl
  return options
}

/** Options of any client of it. */
export const clientOptions = (connection: KafkaConnection, clientId: string): BaseOptions => ({
  clientId,
  bootstrapBrokers: [...connection.brokers],
  ...connectionOptions(connection),
})
