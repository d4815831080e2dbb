// Hostile HTTP: seeded bytes that no client would send, and what must hold whatever arrives.
import { once } from 'node:events'
import { connect } from 'node:net'
import { seededRandom, type Random } from '../../src/random.ts'

/** Where a server listens by http, and what must not appear in a response. */
export interface FuzzAddress {
  host: string
  port: number
  /** MSISDNs that responses without a right to them never contain. */
  canaries?: readonly string[]
}

/** What was found. */
export interface HttpFuzzReport {
  seed: number
  rounds: number
  /** Responses by status; `none` counts connections that ended without one. */
  statuses: Record<string, number>
  /** Rounds by kind. */
  kinds: Record<string, number>
  /** Each violation as a sentence with the round that shows it; empty when all holds. */
  violations: string[]
}

/** Statuses that a hostile request may get, 100 before another one; 500 is an internal error. */
const ALLOWED: ReadonlySet<number> = new Set([
  100, 200, 204, 304, 400, 401, 403, 404, 405, 408, 413, 417, 421, 429, 431, 503,
])
const MOST_RESPONSE_BYTES = 4 << 20
/** A connection that the server keeps is ended by the client after this time. */
const PATIENCE_MS = 250

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)]

const PATHS = [
  '/',
  '/healthz',
  '/metrics',
  '/api/v1/top',
  '/api/v1/status',
  '/api/v1/subscribers/1',
  '/vendor/echarts.js',
]
const TRICKS = [
  '/../../etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/..%2f..%2fserver.ts',
  '/%00',
  '/healthz%00.js',
  '/%',
  '/%zz',
  '/%ff%fe',
  '//evil.example/',
  '/\\..\\server.ts',
  '/./healthz',
  '/healthz/',
  '/healthz;a=b',
  '/api/v1/subscribers/%2e%2e%2fstatus',
  '/api/v1/top?a=1&a=2',
  '/__proto__',
  '/constructor?__proto__[a]=1',
  'http://evil.example/healthz',
  'http://127.0.0.1@evil.example/',
  'healthz',
  '*',
  '',
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const ODD_METHODS = ['get', 'G\0T', 'CONNECT', 'PRI', 'M-SEARCH', '', 'A'.repeat(300)]
const TAGS = ['*', '"', 'W/"', '"a", "b"', ',,,,', 'W/"1-x"', '"'.repeat(4000)]

const bytes = (random: Random, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(Math.floor(random() * 256))).join('')

type Kind = (random: Random, host: string) => string

/** One hostile text per kind; the names are those of the report. */
const KINDS: Readonly<Record<string, Kind>> = {
  'malformed line': (random, host) =>
    pick(random, [
      `GET\r\nHost: ${host}\r\n\r\n`,
      `GET / HTTP/9.9\r\nHost: ${host}\r\n\r\n`,
      `GET / HTTP/1.0\r\n\r\n`,
      `GET  /  HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      `GET / HTTP/1.1\nHost: ${host}\n\n`,
      `\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    ]),
  'random bytes': (random) => bytes(random, 1 + Math.floor(random() * 2000)),
  'header bomb': (random, host) =>
    `GET / HTTP/1.1\r\nHost: ${host}\r\n` +
    pick(random, [
      'a: b\r\n'.repeat(5000),
      `a: ${'b'.repeat(100_000)}\r\n`,
      `${'a'.repeat(20_000)}: b\r\n`,
      `cookie: ${bytes(random, 200)}\r\n`,
      'host: evil.example\r\n',
      ' folded\r\n',
      'a\0b: c\r\n',
      ': empty\r\n',
    ]) +
    '\r\n',
  path: (random, host) =>
    `GET ${pick(random, [...TRICKS, `/${'a/'.repeat(4000)}`, `/${'a'.repeat(30_000)}`])} HTTP/1.1\r\n` +
    `Host: ${host}\r\n\r\n`,
  chunked: (random, host) =>
    `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n` +
    pick(random, ['ffffffffffffffffff\r\n', '5\r\nabc', '-1\r\n', `1;${'x'.repeat(20_000)}\r\na`]),
  smuggling: (random, host) =>
    `POST / HTTP/1.1\r\nHost: ${host}\r\n` +
    pick(random, [
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
      'Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n',
      'Content-Length: 3\r\nContent-Length: 4\r\n',
      'Content-Length: +3\r\n',
      'Content-Length: 1e3\r\n',
      'Content-Length : 3\r\n',
      'Content-Length: 104857600\r\n',
    ]) +
    '\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  pipelining: (random, host) =>
    Array.from({ length: 20 }, () => {
      const path = pick(random, [...PATHS, ...TRICKS])
      return `${pick(random, METHODS)} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
    }).join(''),
  method: (random, host) =>
    `${pick(random, [...METHODS, ...ODD_METHODS])} ${pick(random, PATHS)} HTTP/1.1\r\n` +
    `Host: ${host}\r\n\r\n`,
  conditional: (random, host) =>
    `${pick(random, ['GET', 'HEAD'])} ${pick(random, PATHS)} HTTP/1.1\r\nHost: ${host}\r\n` +
    `If-None-Match: ${pick(random, TAGS)}\r\nIf-Modified-Since: ${bytes(random, 10)}\r\n` +
    `Range: bytes=${pick(random, ['0-', '-1', '9-1', '0-0,'.repeat(2000)])}\r\n` +
    `Accept-Encoding: ${pick(random, ['gzip', 'gzip;q=', '*;q=NaN', ','.repeat(4000)])}\r\n\r\n`,
  headers: (random, host) =>
    `GET ${pick(random, PATHS)} HTTP/1.1\r\nHost: ${pick(random, [host, '', 'evil.example', '[::1'])}\r\n` +
    pick(random, [
      'Origin: null\r\n',
      'Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n',
      'Authorization: Basic ====\r\n',
      `Authorization: Bearer ${bytes(random, 30).replaceAll(/[\r\n]/g, '')}\r\n`,
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
      'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n',
      'Expect: 100-continue\r\n',
      'Expect: nonsense\r\n',
      'X-Forwarded-For: 1.2.3.4\r\n',
    ]) +
    '\r\n',
}

/**
 * Sends `rounds` hostile texts, one connection each, and reports what does not hold: each response
 * has an allowed status, no error contains a canary, and after each hundred rounds the server
 * answers `/healthz`. The same seed sends the same texts.
 */
export async function fuzzHttp(
  address: FuzzAddress,
  seed: number,
  rounds: number,
): Promise<HttpFuzzReport> {
  const random = seededRandom(seed)
  const names = Object.keys(KINDS)
  const host = `${address.host}:${address.port}`
  const report: HttpFuzzReport = { seed, rounds, statuses: {}, kinds: {}, violations: [] }
  for (let round = 0; round < rounds; round++) {
    const kind = names[round % names.length]
    report.kinds[kind] = (report.kinds[kind] ?? 0) + 1
    const sent = KINDS[kind](random, host)
    // Cut off at any byte, or sent in two parts.
    const text = random() < 0.1 ? sent.slice(0, Math.floor(random() * sent.length)) : sent
    const response = await exchange(address, text, Math.floor(random() * text.length))
    for (const violation of judge(report, response, address.canaries ?? [])) {
      report.violations.push(`round ${round} of seed ${seed} (${kind}): ${violation}`)
    }
    if (round % 100 === 99 || round === rounds - 1) {
      const alive = await exchange(address, healthRequest(host), 0)
      if (!alive.startsWith('HTTP/1.1 200 ')) {
        report.violations.push(`after round ${round} of seed ${seed}: /healthz does not answer`)
        break
      }
    }
  }
  return report
}

const healthRequest = (host: string): string =>
  `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

/** Counts the statuses of a response, and returns what is wrong with it. */
function judge(report: HttpFuzzReport, response: string, canaries: readonly string[]): string[] {
  const found = [...response.matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3}) /g)].map(
    ([, status]) => status,
  )
  for (const status of found.length === 0 ? ['none'] : found) {
    report.statuses[status] = (report.statuses[status] ?? 0) + 1
  }
  return [
    ...found.filter((status) => !ALLOWED.has(Number(status))).map((status) => `status ${status}`),
    ...canaries.filter((each) => response.includes(each)).map(() => 'a response has an MSISDN'),
    ...(response.includes('root:x:') ? ['a response has a file of the system'] : []),
    ...(response.length > MOST_RESPONSE_BYTES ? ['a response is too long'] : []),
  ]
}

/** Sends a text in two parts and returns what arrives until the end, or until patience ends. */
async function exchange({ host, port }: FuzzAddress, text: string, cutAt: number): Promise<string> {
  const socket = connect({ port, host })
  const chunks: string[] = []
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => chunks.push(chunk))
  // A refused connection has no response, and a reset one what arrived before it.
  socket.on('error', () => undefined)
  socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  socket.write(Buffer.from(text.slice(0, cutAt), 'latin1'))
  socket.end(Buffer.from(text.slice(cutAt), 'latin1'))
  await once(socket, 'close')
  return chunks.join('')
}
