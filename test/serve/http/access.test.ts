// Who may use the server: files of tokens and certificates that change while it runs, TLS, and pages
// of other origins.
import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { makeCertificates, type Certificates } from '../../../scripts/kafka/certificates.ts'
import { createLog } from '../../../src/log.ts'
import { readAccess, watchAccess } from '../../../src/process/access-files.ts'
import { parseTokens } from '../../../src/serve/http/tokens.ts'
import { startServer, type RunningServer } from '../../../src/serve/server.ts'
import { withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'
import { ask, isProblem, type Reply } from '../ask.ts'
import { CANARY_MSISDN, canaryView, generateSnapshot, published, standIn } from '../fixture.ts'

const OLD = 'old-token-0123456789'
const NEW = 'new-token-0123456789'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const NONE = { host: '127.0.0.1', tokenFile: '', httpTlsKey: '', httpTlsCert: '' }

/** Serves with the files that `values` name, and watches them. */
async function withFiles(
  values: Partial<typeof NONE>,
  body: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const all = { ...NONE, ...values }
  const access = readAccess(all)
  const pipeline = standIn()
  const snapshot = generateSnapshot({ number: 1 })
  pipeline.publish(published(snapshot))
  pipeline.know(canaryView(snapshot))
  const { tokens, certificate } = access
  const server = await startServer(pipeline.view, { host: all.host, port: 0, tokens, certificate })
  const stop = watchAccess(
    all,
    access,
    server,
    createLog('silent', false, () => undefined),
  )
  try {
    await body(server)
  } finally {
    stop()
    await server.close()
  }
}

const write = (file: string, content: string): void => writeFileSync(file, content, { mode: 0o600 })

describe('a token file', () => {
  test('changes without a restart: both tokens pass while both are in it', () =>
    withDirectory(async (directory) => {
      const file = join(directory, 'tokens')
      write(file, OLD)
      await withFiles({ tokenFile: file }, async ({ url }) => {
        const statuses = async (): Promise<string> => {
          const replies = [OLD, NEW].map((token) => ask(url, '/api/v1/status', bearer(token)))
          // Repeated with an invalid token, 401 becomes 429.
          const isValid = (await Promise.all(replies)).map(({ status }) => status === 200)
          return isValid.join(' ')
        }
        assert.equal(await statuses(), 'true false')
        const live = await fetch(`${url}/api/v1/live`, { headers: bearer(OLD) })
        assert.equal(live.status, 200)
        write(file, `${OLD}\n${NEW}\n`)
        await until('both tokens', statuses, (found) => found === 'true true')
        // As secrets are replaced in a container: another file under the same name.
        write(join(directory, 'next'), NEW)
        renameSync(join(directory, 'next'), file)
        await until('the new token alone', statuses, (found) => found === 'false true')
        // The stream of the revoked token has ended, so that its whole text arrives.
        assert.match(await live.text(), /^retry: /)
        const { body } = await ask(url, '/metrics', bearer(NEW))
        assert.match(body, /http_closed_connections_total\{reason="revoked"\} 1$/m)
        assert.match(body, /http_file_reloads_total\{file="tokens",outcome="success"\} 2$/m)
      })
    }))

  test('that becomes unusable changes nothing, and is counted', () =>
    withDirectory(async (directory) => {
      const file = join(directory, 'tokens')
      write(file, OLD)
      await withFiles({ tokenFile: file }, async ({ url }) => {
        const failures = async (): Promise<number> => {
          const { status, body } = await ask(url, '/metrics', bearer(OLD))
          assert.equal(status, 200)
          const line = /http_file_reloads_total\{file="tokens",outcome="failure"\} (\d+)/
          return Number(line.exec(body)?.[1])
        }
        write(file, 'short')
        await until('a malformed file', failures, (found) => found === 1)
        write(file, NEW)
        chmodSync(file, 0o644)
        await until('an open file', failures, (found) => found === 2)
        rmSync(file)
        await until('a missing file', failures, (found) => found === 3)
        write(file, NEW)
        await until('the new token', async () => {
          return (await ask(url, '/api/v1/status', bearer(NEW))).status === 200
        })
      })
    }))

  test('is refused when others have access, and warned of when its group reads it', () =>
    withDirectory((directory) => {
      const file = join(directory, 'tokens')
      write(file, OLD)
      const read = (mode: number) => {
        chmodSync(file, mode)
        return readAccess({ ...NONE, tokenFile: file }).warnings
      }
      for (const mode of [0o644, 0o604, 0o602, 0o620, 0o666]) {
        assert.throws(
          () => read(mode),
          /tokens is open to other users \(mode 06\d\d\), expected 0600/,
        )
      }
      assert.deepEqual(read(0o600), [])
      assert.match(read(0o640).join(), /can be read by its group \(mode 0640\)/)
      const special = { ...NONE, tokenFile: '/dev/zero' }
      assert.throws(() => readAccess(special), /\/dev\/zero is not a regular file/)
      write(file, 'a'.repeat((1 << 20) + 1))
      assert.throws(() => read(0o600), /has 1048577 bytes; expected at most 1048576/)
    }))
})

test('tokens without TLS on a network are warned of', () =>
  withDirectory((directory) => {
    const file = join(directory, 'tokens')
    write(file, OLD)
    const warned = (host: string): string =>
      readAccess({ ...NONE, host, tokenFile: file }).warnings.join()
    assert.match(warned('0.0.0.0'), /tokens travel in the clear to 0\.0\.0\.0/)
    assert.equal(warned('127.0.0.1'), '')
  }))

describe('with TLS', { skip: process.platform === 'win32' }, () => {
  /** A response by https, checked against an authority. */
  const askTls = (url: string, path: string, ca: string): Promise<Reply> =>
    new Promise((resolve, reject) => {
      // A new connection each time: an open one keeps its certificate.
      const sent = request(url + path, { ca, agent: new Agent() }, (response) => {
        text(response).then((body) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
        }, reject)
      })
      sent.on('error', reject).end()
    })

  /** Runs `body` with key and certificate in files, and another pair. */
  const withCertificates = (
    body: (
      files: { httpTlsKey: string; httpTlsCert: string },
      other: Certificates,
    ) => Promise<void> | void,
  ): Promise<void> =>
    withDirectory(async (directory) => {
      const [first, other] = [
        await makeCertificates(join(directory, 'first')),
        await makeCertificates(join(directory, 'other')),
      ]
      const files = { httpTlsKey: first.key, httpTlsCert: first.cert }
      await body(files, other)
    })

  const read = (file: string): string => readFileSync(file, 'utf8')

  test('it serves https, takes another certificate while it runs, and no old protocol', () =>
    withCertificates(async (files, other) => {
      const ca = read(join(files.httpTlsCert, '../ca.pem'))
      await withFiles(files, async (server) => {
        const { url } = server
        assert.match(url, /^https:/)
        const port = Number(new URL(url).port)
        assert.equal((await askTls(url, '/healthz', ca)).body, '{"status":"alive"}')
        assert.match((await askTls(url, '/', ca)).body, /<html/)
        const plain = connect(port, '127.0.0.1')
        plain.on('error', () => undefined)
        plain.end('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        assert.equal(await text(plain).catch(() => ''), '')
        const options = { port, host: '127.0.0.1', ca, maxVersion: 'TLSv1.1' } as const
        await assert.rejects(
          new Promise((resolve, reject) => {
            connectTls(options, () => resolve(null)).on('error', reject)
          }),
        )
        copyFileSync(other.key, files.httpTlsKey)
        copyFileSync(other.cert, files.httpTlsCert)
        const next = read(other.ca)
        await until('the other certificate', () =>
          askTls(url, '/healthz', next).then(
            ({ status }) => status === 200,
            () => false,
          ),
        )
        await assert.rejects(askTls(url, '/healthz', ca))
        const { body } = await askTls(url, '/metrics', next)
        assert.match(body, /http_file_reloads_total\{file="certificate",outcome="success"\} 1$/m)
        assert.match(body, /http_refused_requests_total\{reason="tls"\} [1-9]/)
      })
    }))

  test('a key that is missing, open, malformed or of another certificate is refused', () =>
    withCertificates((files, other) => {
      const refused = (values: Partial<typeof NONE>, expected: RegExp): void =>
        assert.throws(() => readAccess({ ...NONE, ...files, ...values }), expected)
      refused({ httpTlsKey: '' }, /--http-tls-key and --http-tls-cert need each other/)
      refused({ httpTlsKey: other.key }, /is not the key of --http-tls-cert/)
      refused({ httpTlsKey: files.httpTlsCert }, /holds no readable private key|is open to other/)
      refused({ httpTlsCert: files.httpTlsKey }, /holds no certificate/)
      refused({ httpTlsKey: '/nothing' }, /--http-tls-key \/nothing does not exist/)
      chmodSync(files.httpTlsKey, 0o644)
      refused({}, /--http-tls-key .* is open to other users \(mode 0644\), expected 0600/)
    }))
})

describe('pages of other origins', () => {
  const GRAFANA = 'https://grafana.example'
  const withOrigins = async (
    origins: string[],
    body: (url: string) => Promise<void>,
  ): Promise<void> => {
    const pipeline = standIn()
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const tokens = parseTokens(`${OLD} read`, 'tokens')
    const options = { host: '127.0.0.1', port: 0, tokens, origins }
    const server = await startServer(pipeline.view, options)
    try {
      await body(server.url)
    } finally {
      await server.close()
    }
  }
  const PREFLIGHT = { 'access-control-request-method': 'GET' }

  test('may read responses with a token, when they are in the list', () =>
    withOrigins([GRAFANA], async (url) => {
      for (const path of ['/api/v1/top', '/api/v1/status', '/main.js']) {
        const reply = await ask(url, path, { ...bearer(OLD), origin: GRAFANA })
        assert.equal(reply.status, 200)
        assert.equal(reply.headers['access-control-allow-origin'], GRAFANA)
        assert.equal(reply.headers['access-control-allow-credentials'], undefined)
        assert.equal(reply.headers.vary, 'accept-encoding, origin')
        const own = await ask(url, path, bearer(OLD))
        assert.equal(own.headers['access-control-allow-origin'], undefined)
        assert.equal(own.headers.vary, 'accept-encoding, origin')
      }
      isProblem(await ask(url, '/api/v1/top', { origin: GRAFANA }), 401)
      const look = `/api/v1/subscribers/${CANARY_MSISDN}`
      isProblem(await ask(url, look, { ...bearer(OLD), origin: GRAFANA }), 403)
      const live = await fetch(`${url}/api/v1/live`, {
        headers: { ...bearer(OLD), origin: GRAFANA },
      })
      assert.equal(live.headers.get('access-control-allow-origin'), GRAFANA)
      assert.equal(live.headers.get('vary'), 'accept-encoding, origin')
      await live.body!.cancel()
    }))

  test('may ask beforehand, without a token', () =>
    withOrigins([GRAFANA], async (url) => {
      const headers = { ...PREFLIGHT, origin: GRAFANA }
      for (const path of ['/api/v1/top', '/nothing']) {
        const reply = await ask(url, path, headers, 'OPTIONS')
        assert.deepEqual([reply.status, reply.body], [204, ''])
        assert.equal(reply.headers['access-control-allow-origin'], GRAFANA)
        assert.equal(reply.headers['access-control-allow-methods'], 'GET, HEAD')
        assert.match(String(reply.headers['access-control-allow-headers']), /Authorization/)
      }
      isProblem(await ask(url, '/', { origin: GRAFANA }, 'OPTIONS'), 405)
      isProblem(await ask(url, '/', { ...headers, host: 'evil.example' }, 'OPTIONS'), 421)
    }))

  test('that are not in the list are refused, and so are all without a list', async () => {
    for (const origins of [[GRAFANA], []]) {
      await withOrigins(origins, async (url) => {
        for (const origin of ['https://grafana.example.evil', 'http://grafana.example', 'null']) {
          for (const method of ['GET', 'OPTIONS']) {
            const headers = { ...bearer(OLD), ...PREFLIGHT, origin }
            const reply = await ask(url, '/api/v1/top', headers, method)
            isProblem(reply, 403)
            assert.equal(reply.headers['access-control-allow-origin'], undefined)
          }
        }
        isProblem(await ask(url, '/', PREFLIGHT, 'OPTIONS'), 405)
      })
    }
  })
})
