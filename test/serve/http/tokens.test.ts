// Tokens: what a file may hold, what is found again, and that no error repeats one.
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { PulseError } from '../../../src/errors.ts'
import {
  createAuthorization,
  MOST_FAILURES,
  MOST_REQUESTS,
  scopeOf,
} from '../../../src/serve/http/authorization.ts'
import { findToken, parseTokens, presentedToken, SCOPES } from '../../../src/serve/http/tokens.ts'

const ALL = 'all-of-it-0123456789'
const METRICS = 'metrics-0123456789ab'

describe('a file of tokens', () => {
  test('has one a line, with all scopes or those it names', () => {
    const text = `# people\n\n${ALL}\r\n  ${METRICS} metrics,read  \n`
    const tokens = parseTokens(text, 'tokens')
    assert.deepEqual([...findToken(tokens, ALL)!.scopes], SCOPES)
    assert.deepEqual([...findToken(tokens, METRICS)!.scopes], ['metrics', 'read'])
    for (const other of ['', '#', ALL.slice(0, -1), `${ALL} `, METRICS.toUpperCase()]) {
      assert.equal(findToken(tokens, other), null, other)
    }
  })

  test('that is wrong is refused by its line, and nothing of it is repeated', () => {
    const wrong: [string, RegExp][] = [
      ['', /holds no token/],
      ['# only a comment\n', /holds no token/],
      [`${ALL}\nshort-one`, /line 2 has a token of 9 characters/],
      [`${ALL} everything`, /line 1 has a scope that does not exist/],
      [`${ALL} admin`, /scope that does not exist; .* scopes out of metrics, read, subscribers$/],
      [`${ALL} read,`, /line 1 has a scope that does not exist/],
      [`${ALL} metrics read`, /line 1 has more than a token and its scopes/],
      ['of-"quoted"-0123456789', /line 1 has a token with other characters/],
      ['schlüssel-0123456789', /line 1 has a token with other characters/],
      [`${ALL}\n${ALL} read`, /line 2 has a token that stands above already/],
    ]
    for (const [text, says] of wrong) {
      assert.throws(
        () => parseTokens(text, '--token-file t'),
        (error) => {
          assert.ok(error instanceof PulseError && error.code === 'usage')
          assert.match(error.message, says)
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

describe('access', () => {
  const tokens = parseTokens(`${ALL}\n${METRICS} metrics\nread-0123456789abc read`, 't')
  const reasonOf = (route: string | undefined, token: string | null): string | null => {
    const authorization = token === null ? undefined : `Bearer ${token}`
    return createAuthorization(tokens)({ route, authorization, address: 'a' }, 0)?.reason ?? null
  }

  test('of each route needs its scope', () => {
    assert.equal(scopeOf('/healthz'), null)
    assert.equal(scopeOf('/readyz'), null)
    assert.equal(scopeOf('/metrics'), 'metrics')
    assert.equal(scopeOf('/api/v1/subscribers/:msisdn'), 'subscribers')
    for (const route of ['/', '/api/v1/snapshot', '/api/v1/status', '/api/v1/live', undefined]) {
      assert.equal(scopeOf(route), 'read', route)
    }
    assert.equal(reasonOf('/metrics', METRICS), null)
    assert.equal(reasonOf('/', METRICS), 'scope')
    assert.equal(reasonOf('/api/v1/subscribers/:msisdn', 'read-0123456789abc'), 'scope')
    assert.equal(reasonOf('/api/v1/subscribers/:msisdn', ALL), null)
    assert.equal(reasonOf('/api/v1/live', null), 'token')
    assert.equal(reasonOf(undefined, null), 'token')
    assert.equal(reasonOf('/readyz', null), null)
  })

  test('is free to all where there are no tokens', () => {
    const access = createAuthorization([])
    assert.equal(access({ route: '/', authorization: undefined, address: 'a' }, 0), null)
  })

  test('ends for ten seconds for an address that asks without end, scope by scope', () => {
    for (const list of [[], tokens]) {
      const access = createAuthorization(list)
      const ask = (route: string, nowMs: number, address = 'loop'): number | null =>
        access({ route, authorization: `Bearer ${ALL}`, address }, nowMs)?.answer.status ?? null
      for (let i = 0; i < MOST_REQUESTS; i++) assert.equal(ask('/api/v1/snapshot', i % 1000), null)
      const authorization = `Bearer ${ALL}`
      const refused = access({ route: '/', authorization, address: 'loop' }, 1000)
      assert.equal(refused?.reason, 'rate')
      assert.equal(refused.answer.status, 429)
      assert.equal(refused.answer.headers['retry-after'], '9')
      assert.equal(ask('/api/v1/snapshot', 9999), 429)
      assert.equal(ask('/metrics', 9999), null, 'Prometheus is not blinded')
      assert.equal(ask('/readyz', 9999), null, 'nor is a probe')
      assert.equal(ask('/', 9999, 'other'), null)
      const stranger = access({ route: '/', authorization: undefined, address: 'loop' }, 9999)
      assert.equal(stranger?.reason ?? null, list.length === 0 ? 'rate' : 'token')
      assert.equal(ask('/api/v1/snapshot', 10_000), null)
    }
  })

  test('is closed for a minute to an address that guesses, and to it alone', () => {
    const access = createAuthorization(tokens)
    const ask = (token: string | null, address: string, nowMs: number): number | null => {
      const authorization = token === null ? undefined : `Bearer ${token}`
      return access({ route: '/', authorization, address }, nowMs)?.answer.status ?? null
    }
    for (let i = 0; i < 3 * MOST_FAILURES; i++) assert.equal(ask(null, 'browser', i), 401)
    assert.equal(ask(ALL, 'browser', 100), null, 'to ask without a token is no guess')
    for (let i = 0; i < MOST_FAILURES; i++) assert.equal(ask(`guess-${i}`, 'guesser', i), 401)
    assert.equal(ask('another', 'guesser', 100), 429)
    assert.equal(ask(ALL, 'guesser', 100), 429, 'what is right is not told either')
    assert.equal(ask(ALL, 'other', 100), null)
    assert.equal(ask(ALL, 'guesser', 59_999), 429)
    assert.equal(ask(ALL, 'guesser', 60_000), null)
    assert.equal(ask('another', 'guesser', 60_001), 401, 'the count begins anew')
  })

  test('stays open to a token that was right from that address before', () => {
    const access = createAuthorization(tokens)
    const ask = (token: string, nowMs: number): number | null => {
      const claim = { route: '/metrics', authorization: `Bearer ${token}`, address: 'proxy' }
      return access(claim, nowMs)?.answer.status ?? null
    }
    assert.equal(ask(METRICS, 0), null)
    for (let i = 0; i < MOST_FAILURES; i++) assert.equal(ask(`guess-${i}`, 1), 401)
    assert.equal(ask('another', 2), 429)
    assert.equal(ask(METRICS, 3), null, 'Prometheus is not shut out by a stranger')
    assert.equal(ask(ALL, 4), 429, 'nor is it told that a guess is right')
  })

  test('is remembered of a bounded number of addresses', () => {
    const access = createAuthorization(tokens)
    const fail = (address: string): number | undefined =>
      access({ route: '/', authorization: 'Bearer wrong', address }, 0)?.answer.status
    for (let i = 0; i < MOST_FAILURES; i++) fail('first')
    assert.equal(fail('first'), 429)
    for (let i = 0; i < 10_000; i++) fail(`address-${i}`)
    assert.equal(fail('first'), 401)
  })
})
