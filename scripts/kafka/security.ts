// Properties of listeners with TLS and SASL, and the users of these listeners.
import type { Certificates } from './certificates.ts'

/** A user that every SASL mechanism of a cluster accepts. */
export interface User {
  name: string
  password: string
}

const MODULES = 'org.apache.kafka.common.security'
const MECHANISMS = ['SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN', 'OAUTHBEARER']

/** Properties of all TLS listeners; the listener SSL requires a client certificate. */
export const tlsProperties = ({ brokerStore, ca }: Certificates): Record<string, string> => ({
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': brokerStore,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': ca,
  'listener.name.ssl.ssl.client.auth': 'required',
  'listener.name.sasl_ssl.ssl.client.auth': 'none',
})

/** Properties of one SASL listener: SCRAM, PLAIN, and OAUTHBEARER with unsigned tokens. */
export function saslProperties(listener: string, user: User): Record<string, string> {
  const prefix = `listener.name.${listener.toLowerCase()}`
  const login = (mechanism: string, module: string, options = ''): [string, string] => [
    `${prefix}.${mechanism}.sasl.jaas.config`,
    `${MODULES}.${module} required${options};`,
  ]
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: MECHANISMS.join(','),
    ...Object.fromEntries([
      login('scram-sha-512', 'scram.ScramLoginModule'),
      login('scram-sha-256', 'scram.ScramLoginModule'),
      login('plain', 'plain.PlainLoginModule', ` user_${user.name}="${user.password}"`),
      login(
        'oauthbearer',
        'oauthbearer.OAuthBearerLoginModule',
        ' unsecuredLoginStringClaim_sub="broker"',
      ),
    ]),
  }
}

/** Properties of a SASL listener whose tokens of OAUTHBEARER are signed with the keys at a URL. */
export const tokenProperties = (listener: string, keysUrl: string): Record<string, string> => ({
  [`listener.name.${listener.toLowerCase()}.oauthbearer.sasl.server.callback.handler.class`]: `org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler`,
  'sasl.oauthbearer.jwks.endpoint.url': keysUrl,
  'sasl.oauthbearer.expected.audience': 'kafka',
})

/** The property that lets the broker and clients in Java request this URL. */
export const allowUrl = (url: string): string =>
  `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${url}`

/** Arguments of `--add-scram` that create a user when a cluster is formatted. */
export const scramUsers = ({ name, password }: User): string[] =>
  ['SCRAM-SHA-512', 'SCRAM-SHA-256'].map(
    (mechanism) => `${mechanism}=[name=${name},password=${password}]`,
  )
