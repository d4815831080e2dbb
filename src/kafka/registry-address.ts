// The address of a schema registry: the URL without its secrets, and the headers of a request.
import { PulseError } from '../errors.ts'

/** How to reach a registry with the HTTP API of Confluent Schema Registry. */
export interface RegistryOptions {
  /** An http(s) URL; a user and password in it are sent as basic authentication. */
  url: string
  /** `USER:PASSWORD`; null for those in the URL. */
  credentials: string | null
}

/** Media type of requests and responses. */
export const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

/** A parsed registry address. */
export interface Address {
  /** The URL without secrets and without a trailing slash. */
  base: string
  /** Headers of every request, authentication included. */
  headers: Record<string, string>
}

/** Parses a registry address. @throws PulseError `usage` when the URL is not an http(s) URL */
export function readAddress({ url: text, credentials }: RegistryOptions): Address {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new PulseError(
      'usage',
      'the value of --registry is not a valid address; expected an http(s) URL such as ' +
        'http://localhost:8081',
    )
  }
  const { username, password } = url
  url.username = ''
  url.password = ''
  const base = url.href.replace(/\/$/, '')
  const headers: Record<string, string> = { accept: CONTENT_TYPE }
  const pair = credentials ?? `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  if (pair !== ':') headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
  return { base, headers }
}
