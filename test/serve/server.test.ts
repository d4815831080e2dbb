// The server refuses requests of other hosts and origins; no error contains a value of the request.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test, { describe } from 'node:test'
import { PulseError } from '../../src/errors.ts'
import { startServer } from '../../src/serve/server.ts'
import { ask, isProblem } from './ask.ts'
import { CANARY_MSISDN, generateSnapshot, published, standIn } from './fixture.ts'
import { withServer } from './with-server.ts'

describe('without tokens', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.org', '']) {
    test(`refuses to listen on '${host}'`, async () => {
      await assert.rejects(startServer(standIn().view, { host, port: 0 }), (error) => {
        return (
          error instanceof PulseError &&
          error.code === 'usage' &&
          error.message.includes('--token-file')
        )
      })
    })
  }

  test('a port in use is named, with what to do', async () => {
    await withServer(async (url) => {
      const port = Number(new URL(url).port)
      await assert.rejects(
        startServer(standIn().view, { host: '127.0.0.1', port }),
        (error) =>
          error instanceof PulseError &&
          error.code === 'port' &&
          error.message.includes(String(port)) &&
          error.cause !== undefined,
      )
    })
  })

  test('a Host header of another name is misdirected', async () => {
    await withServer(async (url) => {
      const { port } = new URL(url)
      for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1']) {
        isProblem(await ask(url, '/healthz', { host }), 421)
      }
      for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]']) {
        const reply = await ask(url, '/healthz', { host: `${name}:${port}` })
        assert.equal(reply.status, 200, name)
      }
    })
  })

  test('a request without a Host header is misdirected', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      socket.write('GET /healthz HTTP/1.1\r\n\r\n')
      const reply = await text(socket)
      assert.match(reply, /^HTTP\/1\.1 421 /)
      assert.match(reply, /content-type: application\/problem\+json/)
    })
  })

  test('a target that is a whole URL is held against the same names as the Host header', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const statusOf = async (target: string): Promise<number> => {
        const socket = connect(Number(port), hostname)
        const head = `GET ${target} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n`
        socket.write(`${head}connection: close\r\n\r\n`)
        return Number((await text(socket)).split(' ')[1])
      }
      assert.equal(await statusOf(`http://127.0.0.1:${port}/healthz`), 200)
      assert.equal(await statusOf(`HTTP://LOCALHOST:${port}/healthz?a=1`), 200)
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        `127.0.0.1:${port}@evil.example`,
        `evil.example@127.0.0.1:${port}`,
      ]) {
        assert.equal(await statusOf(`http://${host}/healthz`), 421, host)
        assert.equal(await statusOf(`https://${host}/api/v1/status`), 421, host)
      }
    })
  })

  test('a request with two Host headers is malformed, whichever comes first', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const own = `${hostname}:${port}`
      const send = (...hosts: string[]): Promise<string> => {
        const socket = connect(Number(port), hostname)
        const lines = hosts.map((host) => `Host: ${host}\r\n`).join('')
        socket.write(`GET /healthz HTTP/1.1\r\n${lines}connection: close\r\n\r\n`)
        return text(socket)
      }
      assert.match(await send(own), /^HTTP\/1\.1 200 /)
      for (const pair of [
        [own, 'evil.example'],
        ['evil.example', own],
        [own, own],
      ]) {
        const reply = await send(...pair)
        assert.match(reply, /^HTTP\/1\.1 400 /)
        assert.match(reply, /content-type: application\/problem\+json/)
        assert.ok(!reply.includes('evil'))
      }
      const { body } = await ask(url, '/metrics')
      assert.match(body, /http_refused_requests_total\{reason="malformed"\} 3$/m)
    })
  })

  test('another Origin is forbidden', async () => {
    await withServer(async (url) => {
      const { port } = new URL(url)
      for (const origin of ['http://evil.example', 'null', `https://localhost:${port}`]) {
        isProblem(await ask(url, '/api/v1/status', { origin }), 403)
      }
      assert.equal((await ask(url, '/api/v1/status', { origin: url })).status, 200)
    })
  })
})

describe('read-only', () => {
  test('any method except GET and HEAD returns 405', async () => {
    await withServer(async (url) => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const reply = await ask(url, '/api/v1/status', {}, method)
        isProblem(reply, 405)
        assert.equal(reply.headers.allow, 'GET, HEAD')
      }
      const head = await ask(url, '/api/v1/status', {}, 'HEAD')
      assert.deepEqual([head.status, head.body], [200, ''])
    })
  })

  test('a large body is refused by its announced length, before it is sent', async () => {
    await withServer(async (url) => {
      const headers = { 'content-length': String(100 * 2 ** 20) }
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      const lines = Object.entries({ host: `${hostname}:${port}`, ...headers })
      socket.write(
        `POST / HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n\r\n`,
      )
      assert.match(await text(socket), /^HTTP\/1\.1 413 /)
    })
  })

  test('a large body of unknown length is refused before it is sent', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      const host = `${hostname}:${port}`
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n`)
      assert.match(await text(socket), /^HTTP\/1\.1 413 /)
    })
  })

  test('bytes that are not HTTP get a problem document and a closed connection', async () => {
    await withServer(async (url) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      socket.write('hello\r\n\r\n')
      const answer = await text(socket)
      assert.match(answer, /^HTTP\/1\.1 400 /)
      assert.match(answer, /application\/problem\+json/)
      const metrics = await ask(url, '/metrics')
      assert.match(metrics.body, /http_refused_requests_total\{reason="malformed"\} 1$/m)
    })
  })
})

test('errors never contain a value of the request', async () => {
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const paths = [
      `/api/v1/subscribers/${CANARY_MSISDN}`,
      `/api/v1/subscribers/${CANARY_MSISDN}x`,
      `/api/v1/subscribers/${CANARY_MSISDN}${'0'.repeat(300)}`,
      `/${CANARY_MSISDN}`,
      `/%${CANARY_MSISDN}`,
      `/api/v1/../${CANARY_MSISDN}`,
      `/vendor/..%2f${CANARY_MSISDN}`,
    ]
    for (const path of paths) {
      const reply = await ask(url, path)
      assert.ok(reply.status === 400 || reply.status === 404, `${reply.status} ${path}`)
      isProblem(reply, reply.status)
      assert.ok(!reply.body.includes(String(CANARY_MSISDN)), path)
    }
    pipeline.view.lookup = () => Promise.reject(new Error(`broken at ${CANARY_MSISDN}`))
    const broken = await ask(url, `/api/v1/subscribers/${CANARY_MSISDN}`)
    isProblem(broken, 500)
    assert.ok(!broken.body.includes(String(CANARY_MSISDN)))
  })
})

test('an internal error is passed to the caller of startServer, not to the client', async () => {
  const pipeline = standIn()
  const failure = new Error('the worker is gone')
  pipeline.view.lookup = () => Promise.reject(failure)
  const reported: unknown[] = []
  const onError = (error: unknown): void => void reported.push(error)
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, onError })
  try {
    isProblem(await ask(server.url, '/api/v1/subscribers/1'), 500)
    assert.deepEqual(reported, [failure])
  } finally {
    await server.close()
  }
})

test('files of the page are served, and no other files', async () => {
  await withServer(async (url, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    for (const path of ['/', '/page.css', '/favicon.svg', '/tables.js', '/vendor/echarts.js']) {
      const reply = await ask(url, path)
      assert.equal(reply.status, 200, path)
      assert.ok(!reply.body.includes(String(CANARY_MSISDN)))
    }
    for (const path of ['/tsconfig.json', '/../server.ts', '/%2e%2e/server.ts', '/.git/config']) {
      isProblem(await ask(url, path), 404)
    }
  })
})
