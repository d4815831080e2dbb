// Requests that are refused before they reach a route.
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Origins } from './cors.ts'
import { problem, type Answer } from './problem.ts'

/** Reasons to refuse a request: the labels of `http_refused_requests_total`. */
export const REFUSALS = [
  'host',
  'origin',
  'length',
  'method',
  'token',
  'scope',
  'rate',
  'malformed',
  'timeout',
  'tls',
  'live-clients',
] as const
/** One of them. */
export type Refusal = (typeof REFUSALS)[number]

/** A refused request: the reason and the response. */
export interface RefusedRequest {
  reason: Refusal
  answer: Answer
}

/** Methods of every route. */
export const METHODS: readonly string[] = ['GET', 'HEAD']

/** What the filter reads of a request. */
export interface RequestHead {
  method: string
  /** The target as it was sent: a path, or a whole URL as to a proxy. */
  target: string
  /** All Host headers; more than one is refused. */
  hostHeaders: readonly string[]
  origin: string | undefined
  /** Access-Control-Request-Method: what a page of another origin asks for beforehand. */
  askedMethod: string | undefined
  contentLength: string | undefined
  transferEncoding: string | undefined
}

/** Names under which clients may address the server. */
export interface Hosts {
  /** Values of the Host header: loopback names with the port of the server. */
  local: ReadonlySet<string>
  /** Further names, with any port: a proxy may listen on another one. */
  allowed: ReadonlySet<string>
  /** The scheme of the server. */
  scheme: 'http' | 'https'
  /** Other origins whose pages may read responses. */
  origins: Origins
}

/** Maximum announced body: no route needs one, and a small one is read and ignored. */
export const BODY_LIMIT_BYTES = 4096

/** The ports that clients leave out of the Host header. */
const DEFAULT_PORTS = { http: 80, https: 443 } as const

/** Loopback names. Any other name may be one that DNS rebinding points to this machine. */
const LOCAL_NAMES = ['127.0.0.1', 'localhost', '[::1]']

/** The names of a server on `port`; `allowed` are further names, without port. */
export function hostsOf(
  port: number,
  { allowed, scheme, origins }: Omit<Hosts, 'local' | 'allowed'> & { allowed: readonly string[] },
): Hosts {
  const withPort = LOCAL_NAMES.map((name) => `${name}:${port}`)
  return {
    local: new Set(port === DEFAULT_PORTS[scheme] ? [...withPort, ...LOCAL_NAMES] : withPort),
    allowed: new Set(allowed.map((name) => name.toLowerCase())),
    scheme,
    origins,
  }
}

const isAllowed = (host: string, { allowed }: Hosts): boolean =>
  allowed.has(host.toLowerCase().replace(/:\d+$/, ''))

/**
 * Headers of every response. Styles that a script sets, as ECharts does, are not inline styles for
 * this policy.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Why a request is refused, with the response; null when it may pass. */
export function refusalOf(head: RequestHead, hosts: Hosts): RefusedRequest | null {
  const close = { connection: 'close' }
  // RFC 9112, 3.2: a proxy may have routed by the other one.
  if (head.hostHeaders.length > 1) {
    const detail = `The request has ${head.hostHeaders.length} Host headers; expected one.`
    return { reason: 'malformed', answer: problem(400, detail, close) }
  }
  const isOwn = (host: string): boolean =>
    hosts.local.has(host.toLowerCase()) || isAllowed(host, hosts)
  // RFC 9112, 3.2.2: the host of a whole URL counts, and a proxy may have routed by it.
  const names = [head.hostHeaders.at(0) ?? '', ...targetHosts(head.target)]
  if (!names.every(isOwn)) {
    const detail =
      'The Host header or the target is another name; expected 127.0.0.1, localhost or a name of ' +
      '--allow-host.'
    return { reason: 'host', answer: problem(421, detail, close) }
  }
  if (head.origin !== undefined && !isOwnOrigin(head.origin, hosts)) {
    const detail =
      'The Origin is another one; expected a page of this server, or an origin of ' +
      '--http-cors-origin.'
    return { reason: 'origin', answer: problem(403, detail, close) }
  }
  if (Number(head.contentLength ?? 0) > BODY_LIMIT_BYTES) {
    const detail = `The announced body is too long; expected up to ${BODY_LIMIT_BYTES} bytes.`
    return { reason: 'length', answer: problem(413, detail, close) }
  }
  if (head.transferEncoding !== undefined) {
    const detail = 'The announced body is of unknown length; expected no body.'
    return { reason: 'length', answer: problem(413, detail, close) }
  }
  if (!METHODS.includes(head.method) && !isPreflight(head, hosts)) {
    const detail = `The server is read-only; expected ${METHODS.join(' or ')}.`
    const headers = { ...close, allow: METHODS.join(', ') }
    return { reason: 'method', answer: problem(405, detail, headers) }
  }
  return null
}

/** The host, with user and port, of a target that is a whole URL; none of a path. */
function targetHosts(target: string): string[] {
  if (target.startsWith('/') || target === '*') return []
  const [, host = ''] = /^[a-z]+:\/\/([^/?#]*)/i.exec(target) ?? []
  return [host]
}

/** Whether a request asks, for a page of an allowed origin, which requests it may send. */
export const isPreflight = (
  { method, origin = '', askedMethod }: RequestHead,
  { origins }: Hosts,
): boolean => method === 'OPTIONS' && askedMethod !== undefined && origins.has(origin)

/**
 * Whether an Origin is allowed: one of the list, or the server's own; with an allowed name also by
 * https, as behind a TLS proxy.
 */
function isOwnOrigin(origin: string, hosts: Hosts): boolean {
  if (hosts.origins.has(origin)) return true
  const parts = /^(https?):\/\/(.+)$/.exec(origin)
  if (parts === null) return false
  const [, scheme, host] = parts
  return (scheme === hosts.scheme && hosts.local.has(host.toLowerCase())) || isAllowed(host, hosts)
}

/** Responses to requests that Node.js could not parse, by its error code; others get 400. */
const BROKEN: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [
    431,
    `Address and headers of the request are too long; expected up to ${maxHeaderSize} bytes.`,
  ],
}

/** Codes of failed handshakes and broken sessions. */
const TLS_ERROR = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/

/**
 * Responds to a request that Node.js could not parse, and ends the connection. Returns the reason,
 * or null when the client has already disconnected.
 */
export function answerBroken(code: string | undefined, socket: Socket): Refusal | null {
  // Without a TLS session the server cannot send a response.
  if (code !== undefined && TLS_ERROR.test(code)) {
    socket.destroy()
    return 'tls'
  }
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return null
  }
  const [status, detail] = BROKEN[code ?? ''] ?? [
    400,
    'The request is malformed; expected HTTP/1.1.',
  ]
  const { headers, body } = problem(status, detail, { ...SECURITY_HEADERS, connection: 'close' })
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\n${head}\r\n${body}`)
  return status === 408 ? 'timeout' : 'malformed'
}
