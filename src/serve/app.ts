// The HTTP framework: what applies to all requests, and the routes; the only file that imports it.
import type { Server as TlsServer } from 'node:https'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { answerRoute } from './api/answer.ts'
import type { Query } from './api/parameters.ts'
import type { Route, RouteContext } from './api/route.ts'
import { labelsOf, type RouteTable } from './api/route-table.ts'
import { TLS_LIMITS, type Certificate } from './http/certificate.ts'
import { compressed } from './http/compress.ts'
import { conditional } from './http/conditional.ts'
import { CLOSINGS, watchConnections, type ConnectionLimits } from './http/connections.ts'
import type { Connections } from './http/connections.ts'
import { corsHeaders, PREFLIGHT, varyOf, type Origins } from './http/cors.ts'
import { problem, type Answer, type Headers } from './http/problem.ts'
import {
  answerBroken,
  METHODS,
  REFUSALS,
  SECURITY_HEADERS,
  type RefusedRequest,
} from './http/request-filter.ts'
import { CREATION_LIMITS, SERVER_LIMITS } from './limits.ts'
import type { Metrics } from './metrics/exposition.ts'

/** What an app is made of. */
export interface AppParts {
  table: RouteTable
  metrics: Metrics
  /** Why a request is refused before its route; null when it may pass. */
  refusal: (request: FastifyRequest) => RefusedRequest | null
  /** Whether the client of a request that passed may still get what it asked for. */
  isAllowed: (request: FastifyRequest) => boolean
  /** Other origins whose pages may read responses. */
  origins: Origins
  /** For TLS; null without. */
  certificate: Certificate | null
  limits: ConnectionLimits
  /** Called with each error that a client sees as 500. */
  onError?: ((error: unknown) => void) | undefined
}

/** The framework with its connections. */
export interface App {
  fastify: FastifyInstance
  connections: Connections
}

/** The framework with everything that applies to all requests, without routes. */
export function createApp(parts: AppParts): App {
  const { metrics, table } = parts
  for (const reason of CLOSINGS) metrics.add('http_closed_connections_total', 0, { reason })
  for (const reason of REFUSALS) metrics.add('http_refused_requests_total', 0, { reason })
  for (const path of table.keys()) {
    const labels = labelsOf(table, path, 'GET', 200)
    if (labels !== null) metrics.zero('http_request_duration_seconds', labels)
  }
  const fastify = Fastify({
    logger: false,
    ...SERVER_LIMITS,
    requestTimeout: parts.limits.requestMs,
    ...serverOptions(parts.certificate),
    exposeHeadRoutes: false,
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS)
      void send(reply, problem(400, 'The path is malformed.'))
    },
    clientErrorHandler: (error, socket) => {
      const reason = answerBroken((error as NodeJS.ErrnoException).code, socket)
      if (reason !== null) metrics.add('http_refused_requests_total', 1, { reason })
      // A client that keeps its side open would otherwise keep the connection.
      connections.linger(socket)
    },
  })
  const connections = watchConnections(fastify.server, parts.limits, {
    onChange: (amount) => metrics.add('http_connections', amount),
    onClose: (reason) => metrics.add('http_closed_connections_total', 1, { reason }),
  })
  addHooks(fastify, parts)
  addErrors(fastify, parts)
  if (parts.origins.size > 0) {
    fastify.options('*', (_request, reply) => send(reply, PREFLIGHT))
  }
  return { fastify, connections }
}

/** Creates a plain server, or one with TLS. */
const serverOptions = (certificate: Certificate | null): { http: typeof CREATION_LIMITS } =>
  // The type of an app names one kind of server; both have what is used of them.
  (certificate === null
    ? { http: CREATION_LIMITS }
    : { https: { ...CREATION_LIMITS, ...TLS_LIMITS, ...certificate } }) as {
    http: typeof CREATION_LIMITS
  }

/** Replaces the certificate of a server with TLS; open connections keep theirs. */
export function replaceCertificate({ fastify }: App, certificate: Certificate): void {
  const server = fastify.server as unknown as TlsServer
  server.setSecureContext({ ...certificate, minVersion: TLS_LIMITS.minVersion })
}

/** Headers of every response to a request. */
const headersFor = ({ headers }: FastifyRequest, origins: Origins): Headers => ({
  ...SECURITY_HEADERS,
  ...corsHeaders(headers.origin, origins),
})

function addHooks(app: FastifyInstance, { table, metrics, refusal, origins }: AppParts): void {
  app.addHook('onRequest', async (request, reply) => {
    metrics.add('http_requests_in_flight', 1)
    reply.raw.on('close', () => metrics.add('http_requests_in_flight', -1))
    const refused = refusal(request)
    if (refused === null) return
    metrics.add('http_refused_requests_total', 1, { reason: refused.reason })
    return send(reply, refused.answer)
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const { statusCode: status } = reply
    const accepted = request.headers['accept-encoding']
    const sent = { status, accepted, headers: reply.getHeaders() }
    const encoded = await compressed({ ...sent, payload })
    if (encoded.payload !== payload) reply.removeHeader('content-length')
    reply.headers({ ...headersFor(request, origins), ...encoded.headers })
    const vary = varyOf(reply.getHeader('vary'), origins)
    if (vary !== '') reply.header('vary', vary)
    // RFC 9110, 8.6: the length of a 304 would be that of the body that is not sent.
    return status === 304 ? null : encoded.payload
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = labelsOf(table, request.routeOptions.url, request.method, reply.statusCode)
    const seconds = reply.elapsedTime / 1000
    if (labels !== null) metrics.observe('http_request_duration_seconds', seconds, labels)
    done()
  })
}

function addErrors(app: FastifyInstance, { onError }: AppParts): void {
  app.setNotFoundHandler((_request, reply) => send(reply, problem(404, 'The path is unknown.')))
  app.setErrorHandler((error, _request, reply) => {
    const code = (error as { statusCode?: number }).statusCode ?? 500
    if (code < 500) return send(reply, problem(code, 'The request is malformed.'))
    onError?.(error)
    return send(reply, problem(500, 'The request failed; the log of the process has the reason.'))
  })
}

/** Adds a route, for GET and HEAD. */
export function addRoute(app: App, parts: AppParts, route: Route, context: RouteContext): void {
  const { fastify, connections } = app
  const method = [...METHODS]
  if ('stream' in route) {
    const handler = (asked: FastifyRequest, reply: FastifyReply): void => {
      const { raw: request } = asked
      const { raw: response } = reply
      reply.hijack()
      connections.toLive(request.socket)
      const vary = varyOf(undefined, parts.origins)
      const headers = { ...headersFor(asked, parts.origins), ...(vary !== '' && { vary }) }
      const isAllowed = (): boolean => parts.isAllowed(asked)
      route.stream({ request, response, headers, isAllowed }, context)
    }
    fastify.route({ method, url: route.path, handler })
    return
  }
  fastify.route<{ Params: Record<string, string> }>({
    method,
    url: route.path,
    handler: async (request, reply) => {
      const requested = { path: request.params, query: request.query as Query }
      return sendTo(request, reply, await answerRoute(route, requested, context))
    },
  })
}

/** Adds a path whose answer is always the same. */
export function addFile({ fastify }: App, url: string, answer: Answer): void {
  fastify.route({
    method: [...METHODS],
    url,
    handler: (request, reply) => sendTo(request, reply, answer),
  })
}

const sendTo = ({ headers }: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply =>
  send(reply, conditional(answer, headers['if-none-match']))

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
