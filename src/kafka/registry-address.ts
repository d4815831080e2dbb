// The address of a schema registry: the URL without its secrets, and requests with them.
import { readFile } from 'node:fs/promises'
import { PulseError } from '../errors.ts'
import { askHttp, type HttpAnswer } from './http-request.ts'

/** How to reach a registry with the HTTP API of Confluent Schema Registry. */
export interface RegistryOptions {
  /** An http(s) URL; a user and password in it are sent as basic authentication. */
  url: string
  /** `USER:PASSWORD`; null for those in the URL. */
  credentials: string | null
  /** A bearer token, or the file of one, which is read for every request; none by default. */
  token?: string | { file: string } | null
  /** PEM text of the authority to trust; Node.js's list by default. */
  ca?: string | null
}

/** Media type of requests and responses. */
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

/** A parsed registry address. */
export interface Address {
  /** The URL without secrets and without a trailing slash. */
  base: string
  /**
   * Sends a request to a path; with a body it is a POST.
   *
   * @throws when the registry cannot be reached, or the signal is aborted
   */
  ask: (path: string, signal: AbortSignal, body?: string) => Promise<HttpAnswer>
}

/** Parses a registry address. @throws PulseError `usage` when the URL is not an http(s) URL */
export function readAddress(options: RegistryOptions): Address {
  const { url: text, credentials, token = null, ca = null } = options
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
  const pair = credentials ?? `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const basic = pair === ':' ? null : `Basic ${Buffer.from(pair).toString('base64')}`
  return {
    base,
    async ask(path, signal, body) {
      const bearer = token === null ? null : await bearerOf(token)
      const authorization = bearer ?? basic
      const headers = {
        accept: CONTENT_TYPE,
        ...(authorization === null ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': CONTENT_TYPE }),
      }
      const sent = body === undefined ? {} : ({ method: 'POST', body } as const)
      return await askHttp(`${base}${path}`, { ...sent, headers, ca, signal })
    },
  }
}

const bearerOf = async (token: string | { file: string }): Promise<string> =>
  `Bearer ${typeof token === 'string' ? token : (await readFile(token.file, 'utf8')).trim()}`
