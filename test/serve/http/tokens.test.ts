// Tokens and authorization: what a token file may contain, which requests pass, and that no error
// contains a token.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { PulseError } from '../../../src/errors.ts'
import {
  createAuthorization,
  MOST_FAILURES,
  MOST_REQUESTS,
} from '../../../src/serve/http/authorization.ts'
import { scopeOf, tableOf } from '../../../src/serve/api/route-table.ts'
import { ROUTES } from '../../../src/serve/api/routes.ts'
import { findToken, parseTokens, presentedToken, SCOPES } from '../../../src/serve/http/tokens.ts'

const ALL = 'all-of-it-0123456789'
const METRICS = 'metrics-0123456789ab'

describe('a file of tokens', () => {
  test('has one token per line, with all scopes or those that it names', () => {
    const text = `# people\n\n${ALL}\r\n  ${METRICS} metrics,read  \n`
    const tokens = parseTokens(text, 'tokens')
    assert.deepEqual([...findToken(tokens, ALL)!.scopes], SCOPES)
    assert.deepEqual([...findToken(tokens, METRICS)!.scopes], ['metrics', 'read'])
    for (const other of ['', '#', ALL.slice(0, -1), `${ALL} `, METRICS.toUpperCase()]) {
      assert.equal(findToken(tokens, other), null, other)
    }
  })

  test('that is malformed is refused with the line, and the error contains nothing of it', () => {
    const malformed: [string, RegExp][] = [
      ['', /holds no token/],
      ['# only a comment\n', /holds no token/],
      [`${ALL}\nshort-one`, /line 2 has a token of 9 characters/],
      [`${ALL} everything`, /line 1 has a scope that does not exist/],
      [`${ALL} admin`, /scope that does not exist; .* scopes out of metrics, read, subscribers$/],
      [`${ALL} read,`, /line 1 has a scope that does not exist/],
      [`${ALL} metrics read`, /line 1 has more than a token and its scopes/],
      ['of-"quoted"-0123456789', /line 1 has a token with other characters/],
      ['schlüssel-0123456789', /line 1 has a token with other characters/],
      [`${ALL}\n${ALL} read`, /line 2 has the token of a line above/],
    ]
    for (const [text, expected] of malformed) {
      assert.throws(
        () => parseTokens(text, '--token-file t'),
        (error) => {
          assert.ok(error instanceof PulseError && error.code === 'usage')
          assert.match(error.message, expected)
          assert.match(error.message, /^--token-file t/)
          for (const secret of [ALL, 'short-one', 'quoted', 'schl']) {
            assert.ok(!error.message.includes(secret), error.message)
          }
          return true
        },
      )
    }
  })
})

test('a token is presented as a bearer, or as the password of any user', () => {
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`
  assert.equal(presentedToken(`Bearer ${ALL}`), ALL)
  assert.equal(presentedToken(`bearer   ${ALL} `), ALL)
  assert.equal(presentedToken(basic(`me:${ALL}`)), ALL)
  assert.equal(presentedToken(basic(`:${ALL}`)), ALL)
  assert.equal(presentedToken(basic('me:with:colons')), 'with:colons')
  for (const nothing of [undefined, '', ALL, 'Bearer', 'Bearer a b', `Digest ${ALL}`]) {
    assert.equal(presentedToken(nothing), null, nothing)
  }
})

describe('authorization', () => {
  const table = tableOf(ROUTES)
  const claimOf = (path: string | undefined, authorization: string | undefined, address = 'a') => ({
    scope: scopeOf(table, path),
    authorization,
    address,
  })
  const tokens = parseTokens(`${ALL}\n${METRICS} metrics\nread-0123456789abc read`, 't')
  const reasonOf = (route: string | undefined, token: string | null): string | null => {
    const authorization = token === null ? undefined : `Bearer ${token}`
    return createAuthorization(tokens).refusal(claimOf(route, authorization), 0)?.reason ?? null
  }

  test('needs the scope of the route', () => {
    assert.equal(scopeOf(table, '/healthz'), null)
    assert.equal(scopeOf(table, '/readyz'), null)
    assert.equal(scopeOf(table, '/metrics'), 'metrics')
    assert.equal(scopeOf(table, '/api/v1/subscribers/:msisdn'), 'subscribers')
    for (const route of ['/', '/api/v1/snapshot', '/api/v1/status', '/api/v1/live', undefined]) {
      assert.equal(scopeOf(table, route), 'read', route)
    }
    assert.equal(reasonOf('/metrics', METRICS), null)
    assert.equal(reasonOf('/', METRICS), 'scope')
    assert.equal(reasonOf('/api/v1/subscribers/:msisdn', 'read-0123456789abc'), 'scope')
    assert.equal(reasonOf('/api/v1/subscribers/:msisdn', ALL), null)
    assert.equal(reasonOf('/api/v1/live', null), 'token')
    assert.equal(reasonOf(undefined, null), 'token')
    assert.equal(reasonOf('/readyz', null), null)
  })

  test('lets every request pass where there are no tokens', () => {
    const { refusal: authorize } = createAuthorization([])
    assert.equal(authorize(claimOf('/', undefined), 0), null)
  })

  test('refuses an address above the request limit until the window ends, per scope', () => {
    for (const list of [[], tokens]) {
      const { refusal: authorize } = createAuthorization(list)
      const statusOf = (route: string, nowMs: number, address = 'loop'): number | null =>
        authorize(claimOf(route, `Bearer ${ALL}`, address), nowMs)?.answer.status ?? null
      for (let i = 0; i < MOST_REQUESTS; i++)
        assert.equal(statusOf('/api/v1/snapshot', i % 1000), null)
      const refused = authorize(claimOf('/', `Bearer ${ALL}`, 'loop'), 1000)
      assert.equal(refused?.reason, 'rate')
      assert.equal(refused.answer.status, 429)
      assert.equal(refused.answer.headers['retry-after'], '9')
      assert.equal(statusOf('/api/v1/snapshot', 9999), 429)
      assert.equal(statusOf('/metrics', 9999), null, 'Prometheus is not kept out')
      assert.equal(statusOf('/readyz', 9999), null, 'nor is a probe')
      assert.equal(statusOf('/', 9999, 'other'), null)
      const anonymous = authorize(claimOf('/', undefined, 'loop'), 9999)
      assert.equal(anonymous?.reason ?? null, list.length === 0 ? 'rate' : 'token')
      assert.equal(statusOf('/api/v1/snapshot', 10_000), null)
    }
  })

  test('refuses an address with too many invalid tokens for a minute, and no other address', () => {
    const { refusal: authorize } = createAuthorization(tokens)
    const statusOf = (token: string | null, address: string, nowMs: number): number | null => {
      const authorization = token === null ? undefined : `Bearer ${token}`
      return authorize(claimOf('/', authorization, address), nowMs)?.answer.status ?? null
    }
    for (let i = 0; i < 3 * MOST_FAILURES; i++) assert.equal(statusOf(null, 'browser', i), 401)
    assert.equal(
      statusOf(ALL, 'browser', 100),
      null,
      'a request without a token is not an invalid token',
    )
    for (let i = 0; i < MOST_FAILURES; i++) assert.equal(statusOf(`guess-${i}`, 'guessing', i), 401)
    assert.equal(statusOf('another', 'guessing', 100), 429)
    assert.equal(statusOf(ALL, 'guessing', 100), null, 'behind a proxy it is another client')
    assert.equal(statusOf(ALL, 'other', 100), null)
    assert.equal(statusOf('another', 'guessing', 59_999), 429)
    assert.equal(statusOf('another', 'guessing', 60_001), 401, 'the count starts again')
  })

  test('lets a valid token pass that was never seen before, whatever others guess', () => {
    const { refusal: authorize } = createAuthorization(tokens)
    const statusOf = (token: string, nowMs: number): number | null => {
      const claim = claimOf('/metrics', `Bearer ${token}`, 'proxy')
      return authorize(claim, nowMs)?.answer.status ?? null
    }
    for (let i = 0; i < MOST_FAILURES; i++) assert.equal(statusOf(`guess-${i}`, 1), 401)
    assert.equal(statusOf('another', 2), 429)
    assert.equal(statusOf(METRICS, 3), null, 'guesses of another client do not keep Prometheus out')
  })

  test('holds the tokens in force: an added one passes, a removed one does not', () => {
    const { refusal, allows, setTokens } = createAuthorization(tokens)
    const claim = claimOf('/metrics', `Bearer ${METRICS}`)
    assert.deepEqual([refusal(claim, 0), allows(claim)], [null, true])
    setTokens(parseTokens(`${METRICS} read`, 't'))
    assert.deepEqual([refusal(claim, 0)?.reason, allows(claim)], ['scope', false])
    setTokens(parseTokens('another-0123456789ab', 't'))
    assert.deepEqual([refusal(claim, 0)?.reason, allows(claim)], ['token', false])
    setTokens(tokens)
    assert.deepEqual([refusal(claim, 0), allows(claim)], [null, true])
  })

  test('has no scope that opens nothing', () => {
    for (const scope of SCOPES)
      assert.ok(
        ROUTES.some((route) => route.scope === scope),
        scope,
      )
  })

  test('remembers a bounded number of addresses', () => {
    const { refusal: authorize } = createAuthorization(tokens)
    const fail = (address: string): number | undefined =>
      authorize(claimOf('/', 'Bearer wrong', address), 0)?.answer.status
    for (let i = 0; i < MOST_FAILURES; i++) fail('first')
    assert.equal(fail('first'), 429)
    for (let i = 0; i < 10_000; i++) fail(`address-${i}`)
    assert.equal(fail('first'), 401)
  })
})
