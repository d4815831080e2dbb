// Who may ask for what and how often: tokens with scopes, limits on asking and on guessing.
import type { RefusedRequest } from './request-filter.ts'
import { problem, type Answer } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import { findToken, presentedToken, type Scope, type Token } from './tokens.ts'

/** What of a request decides. */
export interface Claim {
  /** Path of the route as it is declared; undefined where there is none. */
  route: string | undefined
  authorization: string | undefined
  /** Of the other end of the connection. */
  address: string
}

/** Why a claim is turned away and with which answer, or null when it may pass. */
export type Authorization = (claim: Claim, nowMs: number) => RefusedRequest | null

/** Wrong tokens of one address in a minute, after which it is not listened to. */
export const MOST_FAILURES = 20
const FAILURES_WINDOW_MS = 60_000

/** Right tokens by address that are remembered; all are forgotten beyond it. */
const MOST_PROVEN = 10_000

/**
 * Requests of one address and token for one scope in ten seconds: fifty people behind one address
 * who open the page at once stay far below. By scope, so that a script in a loop does not blind
 * Prometheus.
 */
export const MOST_REQUESTS = 5000
const REQUESTS_WINDOW_MS = 10_000

/** What probes ask for says nothing of subscribers. */
const OPEN: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** The scope that a route needs. Routes are declared paths: no spelling of one passes for another. */
export function scopeOf(route: string | undefined): Scope | null {
  if (route === undefined) return 'read'
  if (OPEN.has(route)) return null
  if (route === '/metrics') return 'metrics'
  return route.includes('/subscribers') ? 'subscribers' : 'read'
}

/** Without tokens everybody who reaches us may ask: then that is only this machine. */
export function createAuthorization(tokens: readonly Token[]): Authorization {
  const failures = createRateLimit(MOST_FAILURES, FAILURES_WINDOW_MS)
  const requests = createRateLimit(MOST_REQUESTS, REQUESTS_WINDOW_MS)
  /** Right tokens and where they came from: behind a proxy a stranger's guesses shut out no one. */
  const proven = new Set<string>()
  return ({ route, authorization, address }, nowMs) => {
    const scope = scopeOf(route)
    if (scope === null) return null
    const presented = presentedToken(authorization)
    const token = presented === null ? null : findToken(tokens, presented)
    // Behind a proxy a stranger's requests are not those of who has a token.
    const who = `${token === null ? '' : tokens.indexOf(token)} ${address}`
    const kind = `${scope} ${who}`
    const tiredMs = requests.waitMs(kind, nowMs)
    if (tiredMs > 0) return { reason: 'rate', answer: tooMany('requests', tiredMs) }
    requests.note(kind, nowMs)
    if (tokens.length === 0) return null
    const waitMs = failures.waitMs(address, nowMs)
    if (waitMs > 0 && !proven.has(who)) {
      return { reason: 'rate', answer: tooMany('wrong tokens', waitMs) }
    }
    if (presented === null) return { reason: 'token', answer: unauthorised(false) }
    if (token === null) {
      failures.note(address, nowMs)
      return { reason: 'token', answer: unauthorised(true) }
    }
    if (proven.size >= MOST_PROVEN) proven.clear()
    proven.add(who)
    return token.scopes.has(scope) ? null : { reason: 'scope', answer: outOfScope(scope) }
  }
}

const REALM = 'realm="xdr-pulse"'

function unauthorised(isWrong: boolean): Answer {
  const error = isWrong ? ', error="invalid_token"' : ''
  const detail = isWrong
    ? 'The token is not one of those that are known here.'
    : 'A token is needed: "Authorization: Bearer TOKEN", or in a browser as the password.'
  // One header each: browsers do not find Basic behind another scheme.
  const challenges = [`Bearer ${REALM}${error}`, `Basic ${REALM}, charset="UTF-8"`]
  return problem(401, detail, { 'www-authenticate': challenges })
}

const outOfScope = (scope: Scope): Answer =>
  problem(403, `The token has not the scope ${scope}.`, {
    'www-authenticate': `Bearer ${REALM}, error="insufficient_scope", scope="${scope}"`,
  })

function tooMany(what: string, waitMs: number): Answer {
  const seconds = String(Math.ceil(waitMs / 1000))
  const detail = `Too many ${what} came from this address; wait ${seconds} s.`
  return problem(429, detail, { 'retry-after': seconds, connection: 'close' })
}
