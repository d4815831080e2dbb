// The only file that imports the Kafka package: its exports, and how clients connect to a cluster.
import { readFile } from 'node:fs/promises'
import { ConnectionPool } from '@platformatic/kafka'
import type { BaseOptions, ConnectionOptions, SASLOptions } from '@platformatic/kafka'
import { tokenOf, type TokenEndpoint } from './token-endpoint.ts'

export * from '@platformatic/kafka'

/**
 * How to reach a cluster. Secrets are values, read from files or the environment by the caller,
 * except tokens that are short-lived: a file of one is read, and an endpoint asked, for connections.
 */
export interface KafkaConnection {
  /** Bootstrap servers, each `host:port`. */
  brokers: readonly string[]
  /** `client.id` of all connections: brokers log it, and quotas may belong to it. */
  clientId: string
  /** PEM texts; null for a plaintext connection. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null
  sasl:
    | { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string }
    | { mechanism: 'OAUTHBEARER'; token: string | { file: string } | TokenEndpoint }
    | null
}

/** Returns the package's options of a single connection. */
function connectionOptions({ tls, sasl }: KafkaConnection): ConnectionOptions {
  const options: ConnectionOptions = {}
  if (tls !== null) {
    const { ca, cert, key } = tls
    options.tls = {
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
    }
    // The certificate must name the broker that is connected to.
    options.tlsServerName = true
  }
  if (sasl?.mechanism === 'OAUTHBEARER' && typeof sasl.token !== 'string') {
    const { token } = sasl
    const provider = async (): Promise<string> =>
      'file' in token ? (await readFile(token.file, 'utf8')).trim() : tokenOf(token)
    options.sasl = { ...sasl, token: provider }
  } else if (sasl !== null) options.sasl = sasl as SASLOptions
  return options
}

/** Returns the package's options of a client (consumer, producer or admin). */
export const clientOptions = (connection: KafkaConnection): BaseOptions => ({
  clientId: connection.clientId,
  bootstrapBrokers: [...connection.brokers],
  ...connectionOptions(connection),
})

/** Opens single connections, each when it is first needed; a request fails after `requestTimeout` ms. */
export const openPool = (connection: KafkaConnection, requestTimeout: number): ConnectionPool =>
  new ConnectionPool(connection.clientId, { ...connectionOptions(connection), requestTimeout })
