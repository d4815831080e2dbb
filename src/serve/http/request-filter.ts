// Which requests are turned away before any route sees them.
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { problem, type Answer } from './problem.ts'

/** Why a request is turned away: the closed list behind `http_refused_requests_total`. */
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
  'live-clients',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** A request that may not pass: why, and what it is told. */
export interface RefusedRequest {
  reason: Refusal
  answer: Answer
}

/** What of a request decides. */
export interface Asked {
  method: string
  /** Host headers, of which there may be one. */
  hostHeaders: readonly string[]
  origin: string | undefined
  contentLength: string | undefined
  transferEncoding: string | undefined
}

/** By which names we may be asked for. */
export interface Hosts {
  /** Values of the Host header: names of this machine with the port we listen on. */
  local: ReadonlySet<string>
  /** Further names, with any port: what stands in front may listen on another one. */
  allowed: ReadonlySet<string>
}

/** No request needs a body; this much is read over so that a polite client gets its answer. */
export const BODY_LIMIT_BYTES = 4096

/** Names that only this machine goes by: others reach us by a rebound DNS name. */
const LOCAL_NAMES = ['127.0.0.1', 'localhost', '[::1]']

/** Names we go by when listening on `port`; `allowed` are names without port. */
export function hostsOf(port: number, allowed: readonly string[]): Hosts {
  const withPort = LOCAL_NAMES.map((name) => `${name}:${port}`)
  return {
    local: new Set(port === 80 ? [...withPort, ...LOCAL_NAMES] : withPort),
    allowed: new Set(allowed.map((name) => name.toLowerCase())),
  }
}

const isAllowed = (host: string, { allowed }: Hosts): boolean =>
  allowed.has(host.toLowerCase().replace(/:\d+$/, ''))

/** Sent with every answer. Styles set by script (ECharts) are no inline styles to a browser. */
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

/** Why `asked` is turned away and with which answer, or null when it may pass. */
export function refusalOf(asked: Asked, hosts: Hosts): RefusedRequest | null {
  const close = { connection: 'close' }
  // RFC 9112, 3.2: what stands in front of us may have gone by the other one.
  if (asked.hostHeaders.length > 1) {
    const detail = `The request has ${asked.hostHeaders.length} Host headers; expected one.`
    return { reason: 'malformed', answer: problem(400, detail, close) }
  }
  const host = asked.hostHeaders.at(0)?.toLowerCase() ?? ''
  if (!hosts.local.has(host) && !isAllowed(host, hosts)) {
    const detail =
      'The Host header names another machine; use 127.0.0.1 or localhost, or name it with --allow-host.'
    return { reason: 'host', answer: problem(421, detail, close) }
  }
  if (asked.origin !== undefined && !isOwnOrigin(asked.origin, hosts)) {
    const detail = 'Pages of other origins may not read this server.'
    return { reason: 'origin', answer: problem(403, detail, close) }
  }
  if (Number(asked.contentLength ?? 0) > BODY_LIMIT_BYTES) {
    const detail = `A body of more than ${BODY_LIMIT_BYTES} bytes was announced; none is needed.`
    return { reason: 'length', answer: problem(413, detail, close) }
  }
  if (asked.transferEncoding !== undefined) {
    const detail = 'A body of unknown length was announced; none is needed.'
    return { reason: 'length', answer: problem(413, detail, close) }
  }
  if (asked.method !== 'GET' && asked.method !== 'HEAD') {
    const detail = 'Only GET and HEAD are answered; nothing can be changed over HTTP.'
    return { reason: 'method', answer: problem(405, detail, { ...close, allow: 'GET, HEAD' }) }
  }
  return null
}

/** Of an allowed name also by https: something that speaks it may stand in front of us. */
function isOwnOrigin(origin: string, hosts: Hosts): boolean {
  const parts = /^(https?):\/\/(.+)$/.exec(origin)
  if (parts === null) return false
  const [, scheme, host] = parts
  return (scheme === 'http' && hosts.local.has(host.toLowerCase())) || isAllowed(host, hosts)
}

/** What Node's codes of a request that it could not read are answered with, if not with 400. */
const BROKEN: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: [
    431,
    `The address and headers of the request are longer than ${maxHeaderSize} bytes; shorten them.`,
  ],
}

/**
 * Answers what Node could not read as a request, and ends the connection. Returns why, or null
 * when the client has gone already.
 */
export function answerBroken(code: string | undefined, socket: Socket): Refusal | null {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return null
  }
  const [status, detail] = BROKEN[code ?? ''] ?? [400, 'This is no HTTP request.']
  const { headers, body } = problem(status, detail, { ...SECURITY_HEADERS, connection: 'close' })
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\n${head}\r\n${body}`)
  return status === 408 ? 'timeout' : 'malformed'
}
