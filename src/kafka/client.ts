// The one door to Kafka: how clients reach a cluster, and the package's clients themselves.
import { readFile } from 'node:fs/promises'
import type { BaseOptions, ConnectionOptions, SASLOptions } from '@platformatic/kafka'

export * from '@platformatic/kafka'

/**
 * How to reach a cluster. Secrets are values here, read from files or environment before; but a
 * token's file is read at every connection, for tokens do not live long.
 */
export interface KafkaConnection {
  /** host:port of brokers to begin with. */
  brokers: readonly string[]
  /** PEM texts; null for a connection in the clear. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null
  sasl:
    | { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string }
    | { mechanism: 'OAUTHBEARER'; token: string | { file: string } }
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
  if (sasl?.mechanism === 'OAUTHBEARER' && typeof sasl.token !== 'string') {
    const { file } = sasl.token
    options.sasl = { ...sasl, token: async () => (await readFile(file, 'utf8')).trim() }
  } else if (sasl !== null) options.sasl = sasl as SASLOptions
  return options
}

/** Options of any client of it. */
export const clientOptions = (connection: KafkaConnection, clientId: string): BaseOptions => ({
  clientId,
  bootstrapBrokers: [...connection.brokers],
  ...connectionOptions(connection),
})
