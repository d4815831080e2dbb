// The options of the connections to Kafka and to the schema registry.

/** Options of the connection to Kafka. */
export const KAFKA_OPTIONS = [
  'kafka',
  'clientId',
  'tls',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'saslMechanism',
  'saslUsername',
  'saslSecretFile',
  'saslTokenUrl',
  'saslTokenCa',
  'saslClientId',
  'saslScope',
] as const

/** Options of the connection to the schema registry. */
export const REGISTRY_OPTIONS = [
  'registry',
  'registrySecretFile',
  'registryTokenFile',
  'registryCa',
] as const

/** Options of the connections to Kafka and to the schema registry. */
export const CONNECTION_OPTIONS = [...KAFKA_OPTIONS, ...REGISTRY_OPTIONS] as const
