// Which requests may pass: tokens with scopes, limits on requests and on invalid tokens.
import { clientOf } from './client-address.ts'
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

/** Decides about requests by the tokens in force. */
export interface Authorization {
  /** Why a claim is refused, with the response; null when it may pass. */
  refusal: (claim: Claim, nowMs: number) => RefusedRequest | null
  /** Whether a claim that passed before would pass with the tokens that are now in force. */
  allows: (claim: Claim) => boolean
  /** Replaces the tokens. */
  setTokens: (tokens: readonly Token[]) => void
}

/** Invalid tokens per address and minute, after which further invalid ones get 429. */
export const MOST_FAILURES = 20
const FAILURES_WINDOW_MS = 60_000

/**
 * Requests per address, token and scope in ten seconds: fifty people behind one address who open
 * the page at once stay far below. Counted by scope, so that a client in a loop does not keep
 * Prometheus out.
 */
export const MOST_REQUESTS = 5000
const REQUESTS_WINDOW_MS = 10_000

/**
 * The authorization of a server. Without tokens every request passes within its rate limit. A valid
 * token is never kept out by invalid ones: behind a proxy all clients have one address.
 */
export function createAuthorization(given: readonly Token[]): Authorization {
  const failures = createRateLimit(MOST_FAILURES, FAILURES_WINDOW_MS)
  const requests = createRateLimit(MOST_REQUESTS, REQUESTS_WINDOW_MS)
  let tokens = given
  const tokenOf = (presented: string | null): Token | null =>
    presented === null ? null : findToken(tokens, presented)
  /** The refusal of a request without a valid token. */
  const refuseUnknown = (presented: string | null, client: string, nowMs: number) => {
    if (presented === null) return { reason: 'token', answer: unauthorised(false) } as const
    const refusedMs = failures.waitMs(client, nowMs)
    if (refusedMs > 0) {
      return { reason: 'rate', answer: tooMany('invalid tokens', refusedMs) } as const
    }
    failures.note(client, nowMs)
    return { reason: 'token', answer: unauthorised(true) } as const
  }
  return {
    refusal({ scope, authorization, address }, nowMs) {
      if (scope === null) return null
      const client = clientOf(address)
      const presented = presentedToken(authorization)
      const token = tokenOf(presented)
      // Behind a proxy all clients have one address, and only tokens distinguish them.
      const counted = `${scope} ${token?.id ?? ''} ${client}`
      const limitedMs = requests.waitMs(counted, nowMs)
      if (limitedMs > 0) return { reason: 'rate', answer: tooMany('requests', limitedMs) }
      requests.note(counted, nowMs)
      if (tokens.length === 0) return null
      if (token === null) return refuseUnknown(presented, client, nowMs)
      return token.scopes.has(scope) ? null : { reason: 'scope', answer: outOfScope(scope) }
    },
    allows({ scope, authorization }) {
      if (scope === null || tokens.length === 0) return true
      return tokenOf(presentedToken(authorization))?.scopes.has(scope) === true
    },
    setTokens(next) {
      tokens = next
    },
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
