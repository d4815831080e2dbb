// Connections to Kafka and the schema registry, from options, files and secrets.
import { readFileSync } from 'node:fs'
import type { KafkaConnection } from '../kafka/client.ts'
import type { RegistryOptions } from '../kafka/registry-address.ts'
import type { Values } from '../config.ts'
import { inputError, messageOf, PulseError } from '../errors.ts'
import { XDR_SCHEMA } from '../record/xdr-schema.ts'
import type { CONNECTION_OPTIONS, ValuesOf } from '../options.ts'

type ConnectionValues = ValuesOf<typeof CONNECTION_OPTIONS>

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

/**
 * The schema registry that the options name, or null for none.
 *
 * @throws PulseError `input-missing` for a secret file that cannot be read
 */
export function registryOf(
  values: Pick<Values, 'registry' | 'registrySecretFile'>,
): RegistryOptions | null {
  const { registry: url, registrySecretFile: file } = values
  if (url === '') return null
  const credentials = secretOf('--registry-secret-file', file, 'XDR_PULSE_REGISTRY_SECRET')
  return { url, credentials }
}

/**
 * The Avro schema of messages without a registry: that of `--schema`, or the built-in one.
 *
 * @throws PulseError `input-missing` for a file that cannot be read, `input-invalid` for a file
 *   that is not JSON
 */
export function schemaOf({ schema: file }: Pick<Values, 'schema'>): unknown {
  if (file === '') return XDR_SCHEMA
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
