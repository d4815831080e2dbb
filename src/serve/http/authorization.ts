// Which requests may pass: tokens with scopes, limits on requests and on invalid tokens.
import type { RefusedRequest } from './request-filter.ts'
import { problem, type Answer } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import { findToken, presentedToken, type Scope, type Token } from './tokens.ts'

/** What the authorization of a request depends on. */
export interface Claim {
  /** Scope that the route needs; null for a route that is open to all. */
  scope: Scope | null
  /** The Authorization header. */
  authorization: string | undefined
  /** IP address of the client. */
  address: string
}

/** Returns why a claim is refused, with the response, or null when it may pass. */
export type Authorization = (claim: Claim, nowMs: number) => RefusedRequest | null

/** Invalid tokens per address and minute, after which the address is refused. */
export const MOST_FAILURES = 20
const FAILURES_WINDOW_MS = 60_000

/** Valid tokens by address that are remembered; beyond it all are forgotten. */
const MOST_PROVEN = 10_000

/**
 * Requests per address, token and scope in ten seconds: fifty people behind one address who open
 * the page at once stay far below. Counted by scope, so that a client in a loop does not keep
 * Prometheus out.
 */
export const MOST_REQUESTS = 5000
const REQUESTS_WINDOW_MS = 10_000

/** The authorization of a server. Without tokens every request passes within its rate limit. */
export function createAuthorization(tokens: readonly Token[]): Authorization {
  const failures = createRateLimit(MOST_FAILURES, FAILURES_WINDOW_MS)
  const requests = createRateLimit(MOST_REQUESTS, REQUESTS_WINDOW_MS)
  /** Valid tokens by address: behind a proxy, guesses of one client do not keep out the others. */
  const proven = new Set<string>()
  return ({ scope, authorization, address }, nowMs) => {
    if (scope === null) return null
    const presented = presentedToken(authorization)
    const token = presented === null ? null : findToken(tokens, presented)
    // Behind a proxy all clients have one address, and only tokens distinguish them.
    const client = `${token === null ? '' : tokens.indexOf(token)} ${address}`
    const counted = `${scope} ${client}`
    const limitedMs = requests.waitMs(counted, nowMs)
    if (limitedMs > 0) return { reason: 'rate', answer: tooMany('requests', limitedMs) }
    requests.note(counted, nowMs)
    if (tokens.length === 0) return null
    const refusedMs = failures.waitMs(address, nowMs)
    if (refusedMs > 0 && !proven.has(client)) {
      return { reason: 'rate', answer: tooMany('invalid tokens', refusedMs) }
    }
    if (presented === null) return { reason: 'token', answer: unauthorised(false) }
    if (token === null) {
      failures.note(address, nowMs)
      return { reason: 'token', answer: unauthorised(true) }
    }
    if (proven.size >= MOST_PROVEN) proven.clear()
    proven.add(client)
    return token.scopes.has(scope) ? null : { reason: 'scope', answer: outOfScope(scope) }
  }
}

const REALM = 'realm="xdr-pulse"'

function unauthorised(isInvalid: boolean): Answer {
  const error = isInvalid ? ', error="invalid_token"' : ''
  const detail = isInvalid
    ? 'The token is unknown; expected one of --token-file.'
    : 'A token is needed: "Authorization: Bearer TOKEN", or in a browser as the password.'
  // One header per scheme: browsers do not find Basic after another scheme in one header.
  const challenges = [`Bearer ${REALM}${error}`, `Basic ${REALM}, charset="UTF-8"`]
  return problem(401, detail, { 'www-authenticate': challenges })
}

const outOfScope = (scope: Scope): Answer =>
  problem(403, `The token lacks the scope ${scope}.`, {
    'www-authenticate': `Bearer ${REALM}, error="insufficient_scope", scope="${scope}"`,
  })

function tooMany(what: string, waitMs: number): Answer {
  const seconds = String(Math.ceil(waitMs / 1000))
  const detail = `Too many ${what} came from this address; wait ${seconds} s.`
  return problem(429, detail, { 'retry-after': seconds, connection: 'close' })
}
