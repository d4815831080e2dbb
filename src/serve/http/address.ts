// Addresses that the server may listen on, and errors of listening.
import { PulseError } from '../../errors.ts'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1'])

/**
 * Checks that a server without tokens listens on loopback only.
 *
 * @throws PulseError `usage`
 */
export function checkHost(host: string, hasTokens: boolean): void {
  if (LOOPBACK.has(host) || (hasTokens && host !== '')) return
  throw new PulseError(
    'usage',
    `Host ${host} is reachable from the network; expected one of ${[...LOOPBACK].join(', ')}, or ` +
      '--token-file FILE: without tokens MSISDNs are not shown to a network.',
  )
}

/** Whether a listen address is of this machine alone. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host)

/** The address of a server as a URL; an IPv6 address is put in brackets. */
export const urlOf = (scheme: 'http' | 'https', host: string, port: number): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`

const FOUND: Readonly<Partial<Record<string, string>>> = {
  EADDRINUSE: 'is in use by another process',
  EACCES: 'needs rights that this user lacks',
}

/** The PulseError `usage` or `port` for an error of listening; any other error unchanged. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    const text = `Host ${host} is not an address of this machine; expected one that it has.`
    return new PulseError('usage', text, error)
  }
  const found = FOUND[code]
  if (found === undefined) return error
  return new PulseError(
    'port',
    `Port ${port} of ${host} ${found}; expected a free one: ` +
      'end the process that uses it, or give another port (0 selects a free one).',
    error,
  )
}
