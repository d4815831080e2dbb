// The HTTP server: read-only, strict, with tokens on a network; the only file that imports fastify.
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { assert } from '../errors.ts'
import { answerRoute } from './api/answer.ts'
import type { Query } from './api/parameters.ts'
import type { Route, RouteContext } from './api/route.ts'
import { labelsOf, scopeOf, tableOf, type RouteTable } from './api/route-table.ts'
import { ROUTES } from './api/routes.ts'
import { watchHealth, type Health } from './health/health.ts'
import { checkHost, listenError, urlOf } from './http/address.ts'
import { createAuthorization } from './http/authorization.ts'
import { compressed } from './http/compress.ts'
import { createConcurrencyLimit } from './http/concurrency-limit.ts'
import { problem, type Answer } from './http/problem.ts'
import {
  answerBroken,
  hostsOf,
  refusalOf,
  REFUSALS,
  SECURITY_HEADERS,
  type Hosts,
  type RefusedRequest,
} from './http/request-filter.ts'
import type { Token } from './http/tokens.ts'
import { MOST_CONNECTIONS, SERVER_LIMITS } from './limits.ts'
import { createLive, LIVE_LIMITS, type LiveLimits } from './live/stream.ts'
import { createMetrics, type Metrics } from './metrics/exposition.ts'
import { ECHARTS_FILE, PAGE_FILES } from './page-files.ts'
import { pageTablesText } from './page-tables.ts'
import type { PipelineView } from './view.ts'

/** Where a server listens, and what it accepts. */
export interface ServerOptions {
  host: string
  /** 0 selects a free one. */
  port: number
  /** Called with each error that a client sees as 500. */
  onError?: (error: unknown) => void
  live?: Partial<LiveLimits>
  /** Tokens of clients; without any, the server listens on loopback only. */
  tokens?: readonly Token[]
  /** Host header values that are accepted in addition to loopback names. */
  allowedHosts?: readonly string[]
  /** The routes, those of `ROUTES` unless given. */
  routes?: readonly Route[]
}

/** A server that listens. */
export interface RunningServer {
  url: string
  /** Ends open streams and connections at once. */
  close(): Promise<void>
}

/**
 * Serves `view` until closed. Rejects with a PulseError: `usage` for a host that needs tokens or is
 * not an address of this machine, `port` for a port that is not available.
 */
export async function startServer(
  view: PipelineView,
  options: ServerOptions,
): Promise<RunningServer> {
  const { host, port, routes = ROUTES } = options
  checkHost(host, (options.tokens ?? []).length > 0)
  const now = (): number => Date.now()
  const watch = watchHealth(view, now)
  const health = (): Health => watch.read()
  const metrics = createMetrics(view)
  const live = createLive({ view, health, now }, metrics, { ...LIVE_LIMITS, ...options.live })
  const limit = createConcurrencyLimit()
  const app = createApp(metrics, options, tableOf(routes))
  const close = async (): Promise<void> => {
    watch.stop()
    live.close()
    metrics.stop()
    await app.close()
  }
  try {
    for (const route of routes) {
      addRoute(app, route, { view, health, now, metrics, live, limit, routes })
    }
    await addPage(app)
    await app.listen({ host, port })
  } catch (error) {
    await close()
    throw listenError(error, host, port)
  }
  return { url: urlOf(host, boundPort(app)), close }
}

function boundPort(app: FastifyInstance): number {
  const address = app.server.address()
  assert(address !== null && typeof address === 'object', 'the server listens on a port')
  return address.port
}

/** The framework with everything that applies to all requests. */
function createApp(metrics: Metrics, options: ServerOptions, table: RouteTable): FastifyInstance {
  const count = (reason: RefusedRequest['reason']): void =>
    metrics.add('http_refused_requests_total', 1, { reason })
  for (const reason of REFUSALS) metrics.add('http_refused_requests_total', 0, { reason })
  for (const path of table.keys()) {
    const labels = labelsOf(table, path, 'GET', 200)
    if (labels !== null) metrics.zero('http_request_duration_seconds', labels)
  }
  const app = Fastify({
    logger: false,
    ...SERVER_LIMITS,
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS)
      void send(reply, problem(400, 'The path is malformed.'))
    },
    clientErrorHandler: (error, socket) => {
      const reason = answerBroken((error as NodeJS.ErrnoException).code, socket)
      if (reason !== null) count(reason)
    },
  })
  app.server.maxConnections = MOST_CONNECTIONS
  const refusal = filterRequests(app, options, table)
  app.addHook('onRequest', async (request, reply) => {
    metrics.add('http_requests_in_flight', 1)
    reply.raw.on('close', () => metrics.add('http_requests_in_flight', -1))
    const refused = refusal(request)
    if (refused === null) return
    count(refused.reason)
    return send(reply, refused.answer)
  })
  app.addHook('onSend', async ({ headers }, reply, payload) => {
    const { statusCode: status } = reply
    const sent = { status, accepted: headers['accept-encoding'], headers: reply.getHeaders() }
    const encoded = await compressed({ ...sent, payload })
    if (encoded.payload !== payload) reply.removeHeader('content-length')
    reply.headers({ ...SECURITY_HEADERS, ...encoded.headers })
    // RFC 9110, 8.6: the length of a 304 would be that of the body that is not sent.
    return status === 304 ? null : encoded.payload
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = labelsOf(table, request.routeOptions.url, request.method, reply.statusCode)
    const seconds = reply.elapsedTime / 1000
    if (labels !== null) metrics.observe('http_request_duration_seconds', seconds, labels)
    done()
  })
  app.setNotFoundHandler((_request, reply) => send(reply, problem(404, 'The path is unknown.')))
  app.setErrorHandler((error, _request, reply) => {
    const code = (error as { statusCode?: number }).statusCode ?? 500
    if (code < 500) return send(reply, problem(code, 'The request is malformed.'))
    options.onError?.(error)
    return send(reply, problem(500, 'The request failed; the log of the process has the reason.'))
  })
  return app
}

/** Why a request is refused before its route; null when it may pass. */
function filterRequests(
  app: FastifyInstance,
  { tokens = [], allowedHosts = [] }: ServerOptions,
  table: RouteTable,
): (request: FastifyRequest) => RefusedRequest | null {
  const authorize = createAuthorization(tokens)
  let hosts: Hosts | null = null
  return ({ method, headers, raw, routeOptions, ip }) => {
    hosts ??= hostsOf(boundPort(app), allowedHosts)
    const { origin, authorization } = headers
    const hostHeaders = raw.headersDistinct.host ?? []
    const contentLength = headers['content-length']
    const transferEncoding = headers['transfer-encoding']
    const head = { method, hostHeaders, origin, contentLength, transferEncoding }
    const scope = scopeOf(table, routeOptions.url)
    return refusalOf(head, hosts) ?? authorize({ scope, authorization, address: ip }, Date.now())
  }
}

function addRoute(app: FastifyInstance, route: Route, context: RouteContext): void {
  if ('stream' in route) {
    app.get(route.path, ({ raw: request }, reply) => {
      reply.hijack()
      route.stream({ request, response: reply.raw, headers: { ...SECURITY_HEADERS } }, context)
    })
    return
  }
  app.get<{ Params: Record<string, string> }>(route.path, async (request, reply) => {
    const ifNoneMatch = request.headers['if-none-match']
    const requested = { path: request.params, query: request.query as Query, ifNoneMatch }
    return send(reply, await answerRoute(route, requested, context))
  })
}

/** The files of the live page, the chart library and the tables that the page shares. */
async function addPage(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    ...PAGE_FILES,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  })
  app.get('/tables.js', (_request, reply) =>
    reply
      .headers({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' })
      .send(pageTablesText()),
  )
  app.get('/vendor/echarts.js', (_request, reply) =>
    reply.sendFile(ECHARTS_FILE.name, ECHARTS_FILE.folder),
  )
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
