// The HTTP server: loopback only, read only, strict; the one door to fastify.
import { maxHeaderSize } from 'node:http'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { assert, PulseError } from '../errors.ts'
import { API_PREFIX, apiRoutes, type ApiContext } from './api.ts'
import { answerBroken, localHosts, rejection, REJECTIONS, SECURITY_HEADERS } from './guard.ts'
import { createLive, LIVE_LIMITS, type Live, type LiveLimits } from './live.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { createPaceMeter, meterView } from './pace.ts'
import { problem, type Answer } from './problem.ts'
import type { PipelineView } from './view.ts'

/** Where to listen, and who is told of an error that a client only sees as 500. */
export interface ServerOptions {
  host: string
  /** 0 takes any free one. */
  port: number
  onError?: (error: unknown) => void
  live?: Partial<LiveLimits>
}

export interface RunningServer {
  url: string
  /** Ends open streams and connections at once. */
  close(): Promise<void>
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1'])

/** A request is a line and some headers: a client that needs longer holds a slot on purpose. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often Node looks for requests that ran out of time. */
const TIMEOUT_CHECK_MS = 1000
const KEEP_ALIVE_MS = 30_000
/** Room for the live streams and for as many short requests besides. */
const CONNECTIONS = 2 * LIVE_LIMITS.clients

const PAGE_DIRECTORY = fileURLToPath(new URL('./page/', import.meta.url))
const ECHARTS_FILE = fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.mjs'))
const LIVE_PATH = `${API_PREFIX}/live`
/** Routes with a series of their own; all files of the page share one. */
const MEASURED = /^\/(api\/|healthz$|readyz$|metrics$)/

interface Parts {
  context: ApiContext
  metrics: Metrics
  live: Live
}

/**
 * Serves `view` until closed. Throws a PulseError: `usage` for a host that is not this
 * machine's loopback, `port` when the port cannot be had.
 */
export async function startServer(
  view: PipelineView,
  options: ServerOptions,
): Promise<RunningServer> {
  const { host, port } = options
  if (!LOOPBACK.has(host)) {
    throw new PulseError(
      'usage',
      `Host ${host} is not of this machine alone; expected one of ` +
        `${[...LOOPBACK].join(', ')}: subscribers' numbers are not shown to a network.`,
    )
  }
  const meter = createPaceMeter()
  const now = (): number => Date.now()
  const unsubscribe = meterView(view, meter, now)
  const metrics = createMetrics(view)
  const context: ApiContext = { view, pace: () => meter.read(now()), now }
  const live = createLive(context, metrics, { ...LIVE_LIMITS, ...options.live })
  const app = createApp(metrics, options)
  const close = async (): Promise<void> => {
    unsubscribe()
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
  return { url: `http://${host === '::1' ? '[::1]' : host}:${boundPort(app)}`, close }
}

function boundPort(app: FastifyInstance): number {
  const address = app.server.address()
  assert(address !== null && typeof address === 'object', 'the server listens on a port')
  return address.port
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return error
  const found = code === 'EACCES' ? 'needs rights this user lacks' : 'is in use by another process'
  return new PulseError(
    'port',
    `Port ${port} of ${host} ${found}; expected a free one: ` +
      'end what holds it, or choose another port (0 takes any free one).',
    error,
  )
}

/** The framework with everything that holds for all requests. */
function createApp(metrics: Metrics, options: ServerOptions): FastifyInstance {
  const reject = (reason: (typeof REJECTIONS)[number]): void =>
    metrics.add('http_rejected_total', 1, { reason })
  for (const reason of REJECTIONS) metrics.add('http_rejected_total', 0, { reason })
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS)
      void send(reply, problem(400, 'The path could not be understood.'))
    },
    clientErrorHandler: (error, socket) => {
      const reason = answerBroken((error as NodeJS.ErrnoException).code, socket)
      if (reason !== null) reject(reason)
    },
  })
  app.server.maxConnections = CONNECTIONS
  let hosts: ReadonlySet<string> | null = null
  app.addHook('onRequest', async (request, reply) => {
    metrics.add('http_requests_in_flight', 1)
    reply.raw.on('close', () => metrics.add('http_requests_in_flight', -1))
    hosts ??= localHosts(boundPort(app))
    const { host, origin } = request.headers
    const contentLength = request.headers['content-length']
    const rejected = rejection({ method: request.method, host, origin, contentLength }, hosts)
    if (rejected === null) return
    reject(rejected.reason)
    return send(reply, rejected.answer)
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.headers(SECURITY_HEADERS)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = requestLabels(request, reply)
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

async function addRoutes(app: FastifyInstance, { context, metrics, live }: Parts): Promise<void> {
  for (const route of apiRoutes(context)) {
    metrics.zero('http_request_duration_seconds', { route: route.path, method: 'GET', code: '200' })
    app.get<{ Params: Record<string, string> }>(route.path, async (request, reply) => {
      const ifNoneMatch = request.headers['if-none-match']
      return send(reply, await route.answer({ params: request.params, ifNoneMatch }))
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
    root: PAGE_DIRECTORY,
    wildcard: false,
    globIgnore: ['**/*.json', '**/*.ts'],
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  })
  app.get('/vendor/echarts.js', (_request, reply) =>
    reply.sendFile(basename(ECHARTS_FILE), dirname(ECHARTS_FILE)),
  )
}

/** Labels of a bounded choice: a path as it was asked for never becomes one. */
function requestLabels(
  request: FastifyRequest,
  reply: FastifyReply,
): { route: string; method: string; code: string } {
  const { url } = request.routeOptions
  const measured = url === undefined ? 'unmatched' : MEASURED.test(url) ? url : 'page'
  const method = request.method === 'GET' || request.method === 'HEAD' ? request.method : 'other'
  return { route: measured, method, code: String(reply.statusCode) }
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
