// Where a schema registry is, and who asks: the address without its secrets, and the headers.
import { messageOf, PulseError } from '../errors.ts'

/** How to reach a registry with the contract of Confluent's. */
export interface RegistryOptions {
  /** http(s) address; a user and password in it are sent as basic authentication. */
  url: string
  /** USER:PASSWORD, null for what the address says. */
  credentials: string | null
}

/** Of requests and answers. */
export const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

/** fetch() hides what happened behind "fetch failed". */
export const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined
  return messageOf(cause instanceof Error ? cause : error)
}

/** An address taken apart. */
export interface Address {
  /** Without secrets. */
  base: string
  headers: Record<string, string>
}

/** Takes an address apart. @throws PulseError `usage` for what is no http address */
export function readAddress({ url: text, credentials }: RegistryOptions): Address {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new PulseError('usage', '--registry is no http(s) address, such as http://localhost:8081')
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
