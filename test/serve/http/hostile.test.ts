// A server on a network: without a valid token no request, however it is formed, gets any data.
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { maxHeaderSize } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test, { describe } from 'node:test'
import { startServer, type ServerOptions } from '../../../src/serve/server.ts'
import { parseTokens } from '../../../src/serve/http/tokens.ts'
import { ask, isProblem } from '../ask.ts'
import { consuming, generateConsumer, generatePartitions } from '../consumer.ts'
import {
  CANARY_MSISDN,
  canaryView,
  generateSnapshot,
  published,
  standIn,
  type StandIn,
} from '../fixture.ts'

const ALL = 'all-of-it-0123456789'
const METRICS = 'metrics-0123456789ab'
const READ = 'read-0123456789abcde'
const TOKENS = parseTokens(`${ALL}\n${METRICS} metrics\n${READ} read`, 'tokens')

const LOOK_UP = `/api/v1/subscribers/${CANARY_MSISDN}`
const READING = ['/', '/main.js', '/api/v1/snapshot', '/api/v1/top', '/api/v1/status']
const CLOSED = [...READING, '/metrics', LOOK_UP, '/api/v1/live', '/nothing', '/vendor/echarts.js']

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })

async function withServer(
  body: (url: string, pipeline: StandIn) => Promise<void>,
  options: Partial<ServerOptions> = {},
) {
  const pipeline = standIn()
  const snapshot = generateSnapshot({ number: 1 })
  pipeline.publish(published(snapshot))
  pipeline.know(canaryView(snapshot))
  pipeline.report(consuming(generateConsumer(generatePartitions(2))))
  const listening = { host: '127.0.0.1', port: 0, tokens: TOKENS, ...options }
  const server = await startServer(pipeline.view, listening)
  try {
    await body(server.url, pipeline)
  } finally {
    await server.close()
  }
}

/** Asserts that a body contains no MSISDN and no token. */
function hasNoSecret(body: string): void {
  for (const secret of [String(CANARY_MSISDN), ALL, METRICS, READ]) {
    assert.ok(!body.includes(secret))
  }
}

describe('without a valid token', () => {
  test('every route except the probes returns 401 and the schemes', async () => {
    await withServer(async (url) => {
      for (const path of CLOSED) {
        for (const method of ['GET', 'HEAD']) {
          const reply = await ask(url, path, {}, method)
          assert.equal(reply.status, 401, path)
          assert.match(reply.headers['www-authenticate'] ?? '', /Bearer realm=.*Basic realm=/)
          hasNoSecret(reply.body)
        }
      }
      isProblem(await ask(url, '/metrics'), 401)
      for (const path of ['/healthz', '/readyz']) assert.equal((await ask(url, path)).status, 200)
    })
  })

  test('an invalid one returns 401, however it is presented', async () => {
    await withServer(async (url) => {
      const wrong = [
        bearer(`${ALL}x`),
        bearer(ALL.slice(1)),
        { authorization: ALL },
        { authorization: 'Bearer' },
        basic(`${ALL}:`),
        basic('me:guess'),
        { authorization: 'Basic %%%' },
        { cookie: `token=${ALL}` },
        { 'x-token': ALL },
      ]
      for (const headers of wrong) isProblem(await ask(url, '/api/v1/status', headers), 401)
      isProblem(await ask(url, `/?token=${ALL}`), 401)
    })
  })

  test('too many invalid ones return 429', async () => {
    await withServer(async (url) => {
      const found: number[] = []
      for (let i = 0; i < 25; i++) {
        found.push((await ask(url, '/metrics', bearer(`guess-${i}-0123456789`))).status)
      }
      assert.deepEqual([...new Set(found)], [401, 429])
      const wrong = await ask(url, '/metrics', bearer('guess-again-0123456789'))
      isProblem(wrong, 429)
      assert.ok(Number(wrong.headers['retry-after']) > 0)
      assert.equal((await ask(url, '/metrics', bearer(ALL))).status, 200)
      assert.equal((await ask(url, '/readyz')).status, 200)
    })
  })
})

describe('with a token', () => {
  test('each scope allows its routes and no others', async () => {
    await withServer(async (url) => {
      for (const path of READING) {
        assert.equal((await ask(url, path, bearer(READ))).status, 200, path)
        isProblem(await ask(url, path, bearer(METRICS)), 403)
      }
      isProblem(await ask(url, '/metrics', bearer(READ)), 403)
      const refused = await ask(url, LOOK_UP, bearer(READ))
      isProblem(refused, 403)
      assert.match(refused.headers['www-authenticate'] ?? '', /insufficient_scope.*"subscribers"/)
      hasNoSecret(refused.body)
      assert.equal((await ask(url, LOOK_UP, bearer(ALL))).status, 200)
      isProblem(await ask(url, '/nothing', bearer(ALL)), 404)
    })
  })

  test('a browser may present it as the password of any user', async () => {
    await withServer(async (url) => {
      for (const pair of [`me:${READ}`, `:${READ}`]) {
        assert.equal((await ask(url, '/', basic(pair))).status, 200)
      }
    })
  })

  test('metrics contain no MSISDN and no token, and count refused requests', async () => {
    await withServer(async (url) => {
      await ask(url, LOOK_UP)
      await ask(url, LOOK_UP, bearer(READ))
      await ask(url, LOOK_UP, bearer(ALL))
      const { body } = await ask(url, '/metrics', bearer(METRICS))
      hasNoSecret(body)
      assert.match(body, /http_refused_requests_total\{reason="token"\} 1$/m)
      assert.match(body, /http_refused_requests_total\{reason="scope"\} 1$/m)
      assert.match(body, /http_refused_requests_total\{reason="rate"\} 0$/m)
      const status = await ask(url, '/api/v1/status', bearer(READ))
      hasNoSecret(status.body)
    })
  })
})

describe('disguised requests', () => {
  test('paths that resemble another one return no data', async () => {
    await withServer(async (url) => {
      const paths = [
        '/healthz/../metrics',
        '/healthz/..%2fmetrics',
        '/readyz/../api/v1/top',
        '//metrics',
        '/metrics/',
        '/METRICS',
        '/metrics;/healthz',
        '/healthz%00/../metrics',
        '/..%2f..%2fetc/passwd',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/.git/config',
        '/page/../server.ts',
      ]
      for (const path of paths) {
        const without = await ask(url, path)
        assert.ok([400, 401].includes(without.status), `${without.status} ${path}`)
        const read = await ask(url, path, bearer(READ))
        assert.ok([400, 403, 404].includes(read.status), `${read.status} ${path}`)
        assert.ok(!read.body.includes('xdrpulse_') && !read.body.includes('root:'), path)
      }
    })
  })

  test('another spelling of a route needs the same scope', async () => {
    await withServer(async (url) => {
      const spelt = LOOK_UP.replace('subscribers', '%73ubscribers')
      for (const path of ['/metrics?a=/healthz', '/%6detrics', spelt, `${LOOK_UP}?a=1`]) {
        const reply = await ask(url, path, bearer(READ))
        assert.equal(reply.status, 403, path)
        hasNoSecret(reply.body)
      }
      assert.equal((await ask(url, '/readyz?probe=1')).status, 200)
    })
  })

  test('another Host, another Origin and other methods are refused with a token too', async () => {
    await withServer(async (url) => {
      isProblem(await ask(url, '/', { ...bearer(ALL), host: 'evil.example' }), 421)
      isProblem(await ask(url, '/', { ...bearer(ALL), origin: 'https://evil.example' }), 403)
      isProblem(await ask(url, '/', bearer(ALL), 'POST'), 405)
    })
  })

  test('a body of 100 MB and a header that is too long are refused unread', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const send = async (lines: string): Promise<string> => {
        const socket = connect(Number(port), hostname)
        socket.write(`POST / HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${lines}\r\n\r\n`)
        return text(socket)
      }
      const length = 'content-length: 104857600'
      assert.match(await send(length), /^HTTP\/1\.1 413 /)
      const answer = await send(`authorization: Bearer ${'a'.repeat(maxHeaderSize)}`)
      assert.match(answer, /^HTTP\/1\.1 431 [^]*up to 16384 bytes/)
    })
  })
})

describe('allowed hosts', () => {
  test('are accepted on any port, and no others', async () => {
    await withServer(
      async (url) => {
        const status = async (headers: Record<string, string>): Promise<number> =>
          (await ask(url, '/healthz', headers)).status
        for (const host of ['pulse.example', 'PULSE.example:443', '[fd00::1]:8480']) {
          assert.equal(await status({ host }), 200, host)
        }
        for (const host of [
          'pulse.example.evil',
          'a.pulse.example',
          'pulse.example:80x',
          '[fd00',
        ]) {
          assert.equal(await status({ host }), 421, host)
        }
        const host = 'pulse.example'
        assert.equal(await status({ host, origin: 'https://pulse.example' }), 200)
        assert.equal(await status({ host, origin: 'https://evil.example' }), 403)
        assert.equal(await status({ host, origin: 'null' }), 403)
        assert.equal(await status({ host: `localhost:${new URL(url).port}` }), 200)
      },
      { allowedHosts: ['pulse.example', '[fd00::1]'] },
    )
  })
})

test('with tokens the server may listen on every address of the machine', async () => {
  await withServer(
    async (url) => {
      const { port } = new URL(url)
      const local = `http://127.0.0.1:${port}`
      assert.equal((await ask(local, '/api/v1/status', bearer(READ))).status, 200)
      isProblem(await ask(local, '/api/v1/status'), 401)
      const other = Object.values(networkInterfaces())
        .flat()
        .find((each) => each?.family === 'IPv4' && !each.internal)
      if (other === undefined) return
      const remote = `http://${other.address}:${port}`
      isProblem(await ask(remote, '/healthz'), 421)
      const named = { ...bearer(READ), host: `localhost:${port}` }
      assert.equal((await ask(remote, '/api/v1/status', named)).status, 200)
    },
    { host: '0.0.0.0' },
  )
})

test('an address that is not of this machine is named', async () => {
  const listening = { host: '192.0.2.7', port: 0, tokens: TOKENS }
  await assert.rejects(
    startServer(standIn().view, listening),
    /192\.0\.2\.7 is not an address of this/,
  )
})
