// Pages of other origins that may read responses: an exact list, and never with cookies or passwords.
import type { Answer, Headers } from './problem.ts'

/** Origins by their exact text, such as `https://grafana.example`. */
export type Origins = ReadonlySet<string>

/** Headers that a script of another origin may read in addition to the plain ones. */
const READABLE = ['ETag', 'Retry-After', 'X-Snapshot-Number', 'X-Snapshot-Time']

/** Headers of a response to a request with this Origin. */
export function corsHeaders(origin: string | undefined, origins: Origins): Headers {
  if (origin === undefined || !origins.has(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': READABLE.join(', '),
  }
}

/** Vary with what a response depends on in addition, when there are origins. */
export const varyOf = (vary: unknown, origins: Origins): string =>
  [...(typeof vary === 'string' ? [vary] : []), ...(origins.size > 0 ? ['origin'] : [])].join(', ')

/** The answer to a request that asks beforehand; its headers follow from its Origin. */
export const PREFLIGHT: Answer = {
  status: 204,
  headers: {
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'Authorization, If-None-Match',
    'access-control-max-age': '600',
    'cache-control': 'no-store',
  },
  body: '',
}
