// The HTTP server: read-only, strict, with tokens on a network.
import { assert } from '../errors.ts'
import type { Route, RouteContext } from './api/route.ts'
import { scopeOf, tableOf } from './api/route-table.ts'
import { ROUTES } from './api/routes.ts'
import { addFile, addRoute, createApp, replaceCertificate, type AppParts } from './app.ts'
import { watchHealth, type Health } from './health/health.ts'
import { checkHost, listenError, urlOf } from './http/address.ts'
import { createAuthorization, type Authorization, type Claim } from './http/authorization.ts'
import type { Certificate } from './http/certificate.ts'
import { createConcurrencyLimit } from './http/concurrency-limit.ts'
import type { ConnectionLimits } from './http/connections.ts'
import { hostsOf, isPreflight, refusalOf, type Hosts } from './http/request-filter.ts'
import type { Token } from './http/tokens.ts'
import { CONNECTION_LIMITS } from './limits.ts'
import { createLive, LIVE_LIMITS, type LiveLimits } from './live/stream.ts'
import { createMetrics } from './metrics/exposition.ts'
import { readPage } from './page-files.ts'
import type { PipelineView } from './view.ts'

/** Where a server listens, and what it accepts. */
export interface ServerOptions {
  host: string
  /** 0 selects a free one. */
  port: number
  /** Called with each error that a client sees as 500. */
  onError?: (error: unknown) => void
  live?: Partial<LiveLimits>
  connections?: Partial<ConnectionLimits>
  /** Tokens of clients; without any, the server listens on loopback only. */
  tokens?: readonly Token[]
  /** Serves https with it; http without. */
  certificate?: Certificate | null
  /** Host header values that are accepted in addition to loopback names. */
  allowedHosts?: readonly string[]
  /** Other origins whose pages may read responses, with a token. */
  origins?: readonly string[]
  /** The routes, those of `ROUTES` unless given. */
  routes?: readonly Route[]
}

/** Files that are read again when they change: the label `file` of `http_file_reloads_total`. */
export const RELOADED = ['tokens', 'certificate'] as const
/** One of them. */
export type Reloaded = (typeof RELOADED)[number]

/** A server that listens. */
export interface RunningServer {
  url: string
  /** Replaces the tokens, and ends the live streams of clients that have lost their rights. */
  setTokens(tokens: readonly Token[]): void
  /** Replaces the certificate of a server with TLS; open connections keep theirs. */
  setCertificate(certificate: Certificate): void
  /** Counts a changed file that was not taken. */
  noteFailedReload(file: Reloaded): void
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
  const { host, port, onError, certificate = null, routes = ROUTES } = options
  checkHost(host, (options.tokens ?? []).length > 0)
  const scheme = certificate === null ? 'http' : 'https'
  const now = (): number => Date.now()
  const watch = watchHealth(view, now)
  const health = (): Health => watch.read()
  const metrics = createMetrics(view)
  const live = createLive({ view, health, now }, metrics, { ...LIVE_LIMITS, ...options.live })
  const authorization = createAuthorization(options.tokens ?? [])
  const parts: AppParts = {
    table: tableOf(routes),
    metrics,
    ...filterOf(options, authorization, routes, boundPort),
    origins: new Set(options.origins ?? []),
    certificate,
    limits: { ...CONNECTION_LIMITS, ...options.connections },
    onError,
  }
  const app = createApp(parts)
  const { fastify, connections } = app
  function boundPort(): number {
    const address = fastify.server.address()
    assert(address !== null && typeof address === 'object', 'the server listens on a port')
    return address.port
  }
  const count = (file: Reloaded, outcome: string, by = 1): void =>
    metrics.add('http_file_reloads_total', by, { file, outcome })
  for (const file of RELOADED) for (const outcome of ['success', 'failure']) count(file, outcome, 0)
  const close = async (): Promise<void> => {
    watch.stop()
    live.close()
    metrics.stop()
    connections.stop()
    await fastify.close()
  }
  const gates: RouteContext['gates'] = {
    lookUps: createConcurrencyLimit('single subscribers', 'at once'),
    pages: createConcurrencyLimit('pages of subscribers', 'in turn'),
  }
  const context = { view, health, now, metrics, live, gates, routes }
  try {
    for (const route of routes) addRoute(app, parts, route, context)
    for (const [path, answer] of readPage()) addFile(app, path, answer)
    await fastify.listen({ host, port })
  } catch (error) {
    await close()
    throw listenError(error, host, port)
  }
  return {
    url: urlOf(scheme, host, boundPort()),
    setTokens(tokens) {
      authorization.setTokens(tokens)
      live.endRevoked()
      count('tokens', 'success')
    },
    setCertificate(next) {
      replaceCertificate(app, next)
      count('certificate', 'success')
    },
    noteFailedReload: (file) => count(file, 'failure'),
    close,
  }
}

/** Which requests pass, and which clients may stay. */
function filterOf(
  { allowedHosts: allowed = [], origins = [], certificate = null }: ServerOptions,
  { refusal, allows }: Authorization,
  routes: readonly Route[],
  portOf: () => number,
): Pick<AppParts, 'refusal' | 'isAllowed'> {
  const table = tableOf(routes)
  const scheme = certificate === null ? 'http' : 'https'
  let hosts: Hosts | null = null
  const claimOf: (request: Parameters<AppParts['refusal']>[0]) => Claim = (request) => ({
    scope: scopeOf(table, request.routeOptions.url),
    authorization: request.headers.authorization,
    address: request.ip,
  })
  return {
    isAllowed: (request) => allows(claimOf(request)),
    refusal(request) {
      const { method, headers, raw, originalUrl } = request
      hosts ??= hostsOf(portOf(), { allowed, scheme, origins: new Set(origins) })
      const head = {
        method,
        target: originalUrl,
        hostHeaders: raw.headersDistinct.host ?? [],
        origin: headers.origin,
        askedMethod: headers['access-control-request-method'],
        contentLength: headers['content-length'],
        transferEncoding: headers['transfer-encoding'],
      }
      const refused = refusalOf(head, hosts)
      if (refused !== null || isPreflight(head, hosts)) return refused
      return refusal(claimOf(request), Date.now())
    },
  }
}
