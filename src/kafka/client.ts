// The only file that imports the Kafka package: its exports, and how clients connect to a cluster.
import { readFile } from 'node:fs/promises'
import type { BaseOptions, ConnectionOptions, SASLOptions } from '@platformatic/kafka'

export * from '@platformatic/kafka'

/**
 * How to reach a cluster. Secrets are values, read from files or the environment by the caller,
 * except a token file: it is read for every connection, because tokens are short-lived.
 */
export interface KafkaConnection {
  /** Bootstrap servers, each `host:port`. */
  brokers: readonly string[]
  /** PEM texts; null for a plaintext connection. */
  tls: { ca: string | null; cert: string | null; key: string | null } | null
  sasl:
    | { mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; username: string; password: string }
    | { mechanism: 'OAUTHBEARER'; token: string | { file: string } }
    | null
}

/** Returns the package's options of a single connection. */
export function connectionOptions({ tls, sasl }: KafkaConnection): ConnectionOptions {
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
    const { file } = sasl.token
    options.sasl = { ...sasl, token: async () => (await readFile(file, 'utf8')).trim() }
  } else if (sasl !== null) options.sasl = sasl as SASLOptions
  return options
}

/** Returns the package's options of a client (consumer, producer or admin). */
export const clientOptions = (connection: KafkaConnection, clientId: string): BaseOptions => ({
  clientId,
  bootstrapBrokers: [...connection.brokers],
  ...connectionOptions(connection),
})
