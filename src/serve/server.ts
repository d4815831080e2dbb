// The HTTP server: read only, strict, with tokens beyond this machine; the one door to fastify.
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { assert } from '../errors.ts'
import { createAuthorization } from './http/authorization.ts'
import { checkHost, listenError, urlOf } from './http/address.ts'
import { API_PREFIX, apiRoutes, type ApiContext } from './api/routes.ts'
import { compressed } from './http/compress.ts'
import {
  answerBroken,
  hostsOf,
  refusalOf,
  REFUSALS,
  SECURITY_HEADERS,
  type Hosts,
  type RefusedRequest,
} from './http/request-filter.ts'
import { MOST_CONNECTIONS, SERVER_LIMITS } from './limits.ts'
import { createLive, LIVE_LIMITS, type Live, type LiveLimits } from './live/stream.ts'
import { createMetrics, type Metrics } from './metrics/exposition.ts'
import { createThroughputMeter, meterView } from './health/throughput.ts'
import { ECHARTS_FILE, PAGE_FILES } from './page-files.ts'
import { pageTablesText } from './page-tables.ts'
import type { Asked } from './api/parameters.ts'
import { problem, type Answer } from './http/problem.ts'
import { createReadiness, watchReadiness } from './health/readiness.ts'
import { requestLabels } from './http/request-labels.ts'
import type { Token } from './http/tokens.ts'
import type { PipelineView } from './view.ts'

/** Where to listen, and who is told of an error that a client only sees as 500. */
export interface ServerOptions {
  host: string
  /** 0 takes any free one. */
  port: number
  onError?: (error: unknown) => void
  live?: Partial<LiveLimits>
  /** One of them is needed for all but the probes; without any, only this machine may ask. */
  tokens?: readonly Token[]
  /** Names besides those of loopback under which a client may ask for us. */
  allowedHosts?: readonly string[]
}

export interface RunningServer {
  url: string
  /** Ends open streams and connections at once. */
  close(): Promise<void>
}

const LIVE_PATH = `${API_PREFIX}/live`

interface Parts {
  context: ApiContext
  metrics: Metrics
  live: Live
}

/**
 * Serves `view` until closed. Throws a PulseError: `usage` for a host that needs
 * tokens or is not ours, `port` when the port cannot be had.
 */
export async function startServer(
  view: PipelineView,
  options: ServerOptions,
): Promise<RunningServer> {
  const { host, port } = options
  checkHost(host, (options.tokens ?? []).length > 0)
  const meter = createThroughputMeter()
  const now = (): number => Date.now()
  const readiness = createReadiness(view)
  const unsubscribers = [meterView(view, meter, now), watchReadiness(view, readiness, now)]
  const metrics = createMetrics(view)
  const context: ApiContext = {
    view,
    judgement: () => ({ pace: meter.read(now()), notReady: readiness.reason(now()) }),
    now,
  }
  const live = createLive(context, metrics, { ...LIVE_LIMITS, ...options.live })
  const app = createApp(metrics, options)
  const close = async (): Promise<void> => {
    for (const unsubscribe of unsubscribers) unsubscribe()
    live.close()
    metrics.stop()
    await app.close()
  }
  try {
    await addRoutes(app, { context, metrics, live })
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

/** The framework with everything that holds for all requests. */
function createApp(metrics: Metrics, options: ServerOptions): FastifyInstance {
  const count = (reason: RefusedRequest['reason']): void =>
    metrics.add('http_refused_requests_total', 1, { reason })
  for (const reason of REFUSALS) metrics.add('http_refused_requests_total', 0, { reason })
  const app = Fastify({
    logger: false,
    ...SERVER_LIMITS,
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS)
      void send(reply, problem(400, 'The path could not be understood.'))
    },
    clientErrorHandler: (error, socket) => {
      const reason = answerBroken((error as NodeJS.ErrnoException).code, socket)
      if (reason !== null) count(reason)
    },
  })
  app.server.maxConnections = MOST_CONNECTIONS
  const reject = judgeRequests(app, options)
  app.addHook('onRequest', async (request, reply) => {
    metrics.add('http_requests_in_flight', 1)
    reply.raw.on('close', () => metrics.add('http_requests_in_flight', -1))
    const rejected = reject(request)
    if (rejected === null) return
    count(rejected.reason)
    return send(reply, rejected.answer)
  })
  app.addHook('onSend', async ({ headers }, reply, payload) => {
    const { statusCode: status } = reply
    const sent = { status, accepted: headers['accept-encoding'], headers: reply.getHeaders() }
    const encoded = await compressed({ ...sent, payload })
    if (encoded.payload !== payload) reply.removeHeader('content-length')
    reply.headers({ ...SECURITY_HEADERS, ...encoded.headers })
    // RFC 9110, 8.6: of a 304 the length would be that of what was not sent.
    return status === 304 ? null : encoded.payload
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { url } = request.routeOptions
    const labels = requestLabels(url, request.method, reply.statusCode)
    if (labels.route !== LIVE_PATH) {
      metrics.observe('http_request_duration_seconds', reply.elapsedTime / 1000, labels)
    }
    done()
  })
  app.setNotFoundHandler((_request, reply) => send(reply, problem(404, 'There is nothing here.')))
  app.setErrorHandler((error, _request, reply) => {
    const code = (error as { statusCode?: number }).statusCode ?? 500
    if (code < 500) return send(reply, problem(code, 'The request could not be understood.'))
    options.onError?.(error)
    return send(reply, problem(500, 'The request failed; the log of the process says why.'))
  })
  return app
}

/** Why a request is turned away before its route, null when it may pass. */
function judgeRequests(
  app: FastifyInstance,
  { tokens = [], allowedHosts = [] }: ServerOptions,
): (request: FastifyRequest) => RefusedRequest | null {
  const access = createAuthorization(tokens)
  let hosts: Hosts | null = null
  return ({ method, headers, raw, routeOptions, ip }) => {
    hosts ??= hostsOf(boundPort(app), allowedHosts)
    const { origin, authorization } = headers
    const hostHeaders = raw.headersDistinct.host ?? []
    const contentLength = headers['content-length']
    const transferEncoding = headers['transfer-encoding']
    const asked = { method, hostHeaders, origin, contentLength, transferEncoding }
    const claim = { route: routeOptions.url, authorization, address: ip }
    return refusalOf(asked, hosts) ?? access(claim, Date.now())
  }
}

async function addRoutes(app: FastifyInstance, { context, metrics, live }: Parts): Promise<void> {
  for (const route of apiRoutes(context)) {
    metrics.zero('http_request_duration_seconds', { route: route.path, method: 'GET', code: '200' })
    app.get<{ Params: Record<string, string> }>(route.path, async (request, reply) => {
      const ifNoneMatch = request.headers['if-none-match']
      const { params, query } = request
      return send(reply, await route.answer({ params, asked: query as Asked, ifNoneMatch }))
    })
  }
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.exposition()),
  )
  app.get(LIVE_PATH, (request, reply) => {
    reply.hijack()
    live.attach(request.raw, reply.raw, { ...SECURITY_HEADERS })
  })
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
