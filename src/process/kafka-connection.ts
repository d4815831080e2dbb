// Connections to Kafka and the schema registry, from options, files and secrets.
import { readFileSync } from 'node:fs'
import type { KafkaConnection } from '../kafka/client.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import type { TokenEndpoint } from '../kafka/token-endpoint.ts'
import type { Values } from '../config.ts'
import { inputError, messageOf, PulseError } from '../errors.ts'
import { isPrivate } from '../kafka/http-request.ts'
import type { KAFKA_OPTIONS, REGISTRY_OPTIONS } from '../connection-options.ts'
import type { ValuesOf } from '../options.ts'

type ConnectionValues = ValuesOf<typeof KAFKA_OPTIONS>

/**
 * The Kafka connection that the options describe. Secrets come from files or the environment only,
 * so that process lists do not show them.
 *
 * @throws PulseError `usage` for options that contradict each other or are incomplete,
 *   `input-missing` for a file that cannot be read
 */
export function connectionOf(values: ConnectionValues): KafkaConnection {
  const { tls, tlsCa, tlsCert, tlsKey } = values
  if ((tlsCert === '') !== (tlsKey === '')) {
    throw new PulseError('usage', '--tls-cert and --tls-key need each other; only one is given')
  }
  const wanted = tls || tlsCa !== '' || tlsCert !== ''
  const pem = (flag: string, file: string): string | null => (file === '' ? null : read(flag, file))
  return {
    brokers: values.kafka.split(','),
    clientId: values.clientId,
    tls: wanted
      ? {
          ca: pem('--tls-ca', tlsCa),
          cert: pem('--tls-cert', tlsCert),
          key: pem('--tls-key', tlsKey),
        }
      : null,
    sasl: saslOf(values),
  }
}

function saslOf(values: ConnectionValues): KafkaConnection['sasl'] {
  const { saslMechanism: mechanism, saslUsername: username, saslSecretFile: file } = values
  if (mechanism === 'none') return null
  if (values.saslTokenUrl !== '') return { mechanism: 'OAUTHBEARER', token: endpointOf(values) }
  if (mechanism === 'OAUTHBEARER' && file !== '') return { mechanism, token: { file } }
  const secret = secretOf('--sasl-secret-file', file, 'XDR_PULSE_SASL_SECRET')
  if (secret === null) {
    throw new PulseError(
      'usage',
      `--sasl-mechanism ${mechanism} needs a secret: --sasl-secret-file FILE, or the variable ` +
        'XDR_PULSE_SASL_SECRET',
    )
  }
  if (mechanism === 'OAUTHBEARER') return { mechanism, token: secret }
  if (username === '') {
    throw new PulseError('usage', `--sasl-mechanism ${mechanism} needs --sasl-username`)
  }
  return { mechanism, username, password: secret }
}

function endpointOf(values: ConnectionValues): TokenEndpoint {
  const { saslTokenUrl: url, saslTokenCa: ca, saslClientId: clientId, saslScope: scope } = values
  const { saslSecretFile: file } = values
  requirePrivate('--sasl-token-url', url, 'a client secret')
  if (clientId === '') throw new PulseError('usage', '--sasl-token-url needs --sasl-client-id')
  const clientSecret = secretOf('--sasl-secret-file', file, 'XDR_PULSE_SASL_SECRET')
  if (clientSecret === null) {
    throw new PulseError(
      'usage',
      '--sasl-token-url needs the client secret: --sasl-secret-file FILE, or the variable ' +
        'XDR_PULSE_SASL_SECRET',
    )
  }
  return { url, clientId, clientSecret, scope, ca: ca === '' ? null : read('--sasl-token-ca', ca) }
}

function requirePrivate(flag: string, url: string, secret: string): void {
  if (isPrivate(url)) return
  throw new PulseError(
    'usage',
    `${flag} is an http URL of another machine, expected https: ${secret} is sent there; only ` +
      'addresses of this machine may be http',
  )
}

/**
 * The schema registry that the options name, or null for none.
 *
 * @throws PulseError `input-missing` for a file that cannot be read, `usage` for a token that would
 *   be sent in the clear
 */
export function registryOf(values: ValuesOf<typeof REGISTRY_OPTIONS>): RegistryOptions | null {
  const { registry: url, registrySecretFile, registryTokenFile: file, registryCa } = values
  if (url === '') return null
  const given = process.env['XDR_PULSE_REGISTRY_TOKEN'] ?? null
  // A file is given on purpose: it comes before variables, which several commands share.
  const token = file !== '' ? { file } : registrySecretFile !== '' ? null : given
  if (token !== null) requirePrivate('--registry', url, 'a token')
  // A file that is missing is reported at the start.
  if (file !== '') read('--registry-token-file', file)
  const credentials =
    token !== null
      ? null
      : secretOf('--registry-secret-file', registrySecretFile, 'XDR_PULSE_REGISTRY_SECRET')
  const ca = registryCa === '' ? null : read('--registry-ca', registryCa)
  return { url, credentials, token, ca }
}

/**
 * The Avro schema of messages without a registry, that of `--schema`; null for the built-in one.
 *
 * @throws PulseError `input-missing` for a file that cannot be read, `input-invalid` for a file
 *   that is not JSON
 */
export function schemaOf({ schema: file }: Pick<Values, 'schema'>): unknown {
  if (file === '') return null
  try {
    return JSON.parse(read('--schema', file)) as unknown
  } catch (error) {
    if (error instanceof PulseError) throw error
    throw new PulseError('input-invalid', `--schema ${file} is not JSON (${messageOf(error)})`)
  }
}

function secretOf(flag: string, file: string, variable: string): string | null {
  return file === '' ? (process.env[variable] ?? null) : read(flag, file).trim()
}

function read(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw inputError(`${flag} ${file}`, error)
  }
}
