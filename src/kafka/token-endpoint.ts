// Tokens of OAUTHBEARER by client credentials (RFC 6749, 4.4): fetched, kept, and renewed in time.
import { performance } from 'node:perf_hooks'
import { PulseError, rootMessageOf } from '../errors.ts'
import { askHttp, jsonOf, type HttpAnswer } from './http-request.ts'

/** A token endpoint, and who asks it. */
export interface TokenEndpoint {
  url: string
  clientId: string
  clientSecret: string
  /** Empty for the scopes that the endpoint gives by default. */
  scope: string
  /** PEM text of the authority to trust; null for Node.js's list. */
  ca: string | null
}

const REQUEST_MS = 10_000
/**
 * Share of its life after which a token is renewed. Connections authenticate again after 80 % of the
 * life that was left when they began: a tenth of the whole life is left for it on a busy machine.
 */
const RENEWED_AFTER = 0.5

interface Kept {
  token: Promise<string>
  /** Time of `performance.now()` at which it is renewed. */
  renewAt: number
}

/** One token per endpoint: all connections of a thread share it. */
const tokens = new WeakMap<TokenEndpoint, Kept>()

/**
 * A token that is valid for some time.
 *
 * @throws PulseError `kafka` without any secret, when the endpoint cannot be reached or gives none
 */
export function tokenOf(endpoint: TokenEndpoint): Promise<string> {
  const known = tokens.get(endpoint)
  if (known !== undefined && performance.now() < known.renewAt) return known.token
  const kept: Kept = { token: Promise.resolve(''), renewAt: Infinity }
  kept.token = fetchToken(endpoint).then(
    ({ token, lifeMs }) => {
      kept.renewAt = performance.now() + RENEWED_AFTER * lifeMs
      return token
    },
    (error: unknown) => {
      tokens.delete(endpoint)
      throw error
    },
  )
  tokens.set(endpoint, kept)
  return kept.token
}

async function fetchToken(endpoint: TokenEndpoint): Promise<{ token: string; lifeMs: number }> {
  const { url, clientId, clientSecret, scope, ca } = endpoint
  // Both are form-encoded before, as RFC 6749 asks for.
  const pair = [clientId, clientSecret].map(encodeURIComponent).join(':')
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== '') form.set('scope', scope)
  const answer = await askHttp(url, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: form.toString(),
    ca,
    signal: AbortSignal.timeout(REQUEST_MS),
  }).catch((error: unknown) => {
    throw failure(url, `cannot be reached (${rootMessageOf(error)})`, 'check --sasl-token-url')
  })
  const { access_token: token, expires_in: seconds } = (jsonOf(answer) ?? {}) as TokenAnswer
  if (!answer.ok) throw failure(url, refusalOf(answer), 'check --sasl-client-id and its secret')
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw failure(url, 'answers without a token', 'check --sasl-token-url and --sasl-scope')
  }
  // Without a life, the next connection asks again.
  const lifeMs = Number(seconds ?? 0) * 1000
  return { token, lifeMs: lifeMs > 0 ? lifeMs : 0 }
}

interface TokenAnswer {
  access_token?: unknown
  expires_in?: unknown
  error?: unknown
}

/** The error code of RFC 6749; the description beside it is not repeated. */
function refusalOf(answer: HttpAnswer): string {
  const { error } = (jsonOf(answer) ?? {}) as TokenAnswer
  const code = typeof error === 'string' && /^\w{1,40}$/.test(error) ? ` (${error})` : ''
  return `answers with status ${answer.status}${code}`
}

/** No cause: where the innermost one is shown, this sentence is. */
const failure = (url: string, found: string, advice: string): PulseError =>
  new PulseError('kafka', `the token endpoint ${url} ${found}, expected a token; ${advice}`)
