// Where the server may listen, and what is said when it cannot.
import { PulseError } from '../../errors.ts'

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1'])

/** Lets nobody but this machine ask without a token. @throws PulseError `usage` */
export function checkHost(host: string, hasTokens: boolean): void {
  if (LOOPBACK.has(host) || (hasTokens && host !== '')) return
  throw new PulseError(
    'usage',
    `Host ${host} is not of this machine alone; expected one of ${[...LOOPBACK].join(', ')}, or ` +
      "--token-file FILE with tokens to ask for: subscribers' numbers are not shown to a network.",
  )
}

/** Of the server, as a browser writes it. */
export const urlOf = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

const FOUND: Readonly<Partial<Record<string, string>>> = {
  EADDRINUSE: 'is in use by another process',
  EACCES: 'needs rights this user lacks',
}

/** A PulseError for what the operating system refuses; else the error as it is. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    const text = `Host ${host} is no address of this machine; expected one that it has.`
    return new PulseError('usage', text, error)
  }
  const found = FOUND[code]
  if (found === undefined) return error
  return new PulseError(
    'port',
    `Port ${port} of ${host} ${found}; expected a free one: ` +
      'end what holds it, or choose another port (0 takes any free one).',
    error,
  )
}
