// Who may ask for what: tokens with scopes, and a limit on guessing.
import type { Rejected } from './guard.ts'
import { problem, type Answer } from './problem.ts'
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
export type Access = (claim: Claim, nowMs: number) => Rejected | null

/** Wrong tokens of one address in a minute, after which it is not listened to. */
export const MOST_FAILURES = 20
const WINDOW_MS = 60_000
/** The oldest is forgotten beyond it: memory is bounded, whoever asks. */
const MOST_ADDRESSES = 10_000

/** What probes ask for says nothing of subscribers. */
const OPEN: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** The scope that a route needs. Routes are declared paths: no spelling of one passes for another. */
export function scopeOf(route: string | undefined): Scope | null {
  if (route === undefined) return 'read'
  if (OPEN.has(route)) return null
  if (route === '/metrics') return 'metrics'
  return route.includes('/subscribers') ? 'subscribers' : 'read'
}

/** Lets everything pass without tokens: then only this machine can ask. */
export function createAccess(tokens: readonly Token[]): Access {
  if (tokens.length === 0) return () => null
  const failures = createFailures()
  return ({ route, authorization, address }, nowMs) => {
    const scope = scopeOf(route)
    if (scope === null) return null
    const waitMs = failures.waitMs(address, nowMs)
    if (waitMs > 0) return { reason: 'rate', answer: tooMany(waitMs) }
    const presented = presentedToken(authorization)
    if (presented === null) return { reason: 'token', answer: unauthorised(false) }
    const token = findToken(tokens, presented)
    if (token === null) {
      failures.note(address, nowMs)
      return { reason: 'token', answer: unauthorised(true) }
    }
    return token.scopes.has(scope) ? null : { reason: 'scope', answer: outOfScope(scope) }
  }
}

interface Failures {
  note(address: string, nowMs: number): void
  /** How long an address must wait; 0 when it need not. */
  waitMs(address: string, nowMs: number): number
}

function createFailures(): Failures {
  const windows = new Map<string, { beganMs: number; count: number }>()
  return {
    note(address, nowMs) {
      const known = windows.get(address)
      if (known !== undefined && nowMs - known.beganMs < WINDOW_MS) {
        known.count++
        return
      }
      // In order of their beginning, so that the first is the oldest.
      windows.delete(address)
      windows.set(address, { beganMs: nowMs, count: 1 })
      if (windows.size > MOST_ADDRESSES) windows.delete(windows.keys().next().value!)
    },
    waitMs(address, nowMs) {
      const known = windows.get(address)
      if (known === undefined || known.count < MOST_FAILURES) return 0
      return Math.max(0, known.beganMs + WINDOW_MS - nowMs)
    },
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

const tooMany = (waitMs: number): Answer =>
  problem(429, 'Too many wrong tokens came from this address; wait a minute.', {
    'retry-after': String(Math.ceil(waitMs / 1000)),
    connection: 'close',
  })
