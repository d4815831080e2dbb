// What a route of the server is: one row with its documentation, its conditions and its handler.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from '../../schema.ts'
import type { Health } from '../health/health.ts'
import type { ConcurrencyLimit } from '../http/concurrency-limit.ts'
import type { Answer, Headers } from '../http/problem.ts'
import type { Scope } from '../http/tokens.ts'
import type { PipelineView, Published } from '../view.ts'

/** The prefix of the API; a change that breaks a client gets another one. */
export const API_PREFIX = '/api/v1'

/** The schema of a parameter, as JSON schema. */
export interface ParameterSchema {
  type: 'string' | 'integer'
  pattern?: string
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  default?: number
}

/** A parameter of a path or a query. */
export interface Parameter {
  name: string
  in: 'path' | 'query'
  required?: boolean
  schema: ParameterSchema
  description: string
}

/** The schema of a response: a component of the OpenAPI document, or a property of one. */
export interface ResponseSchema {
  component: string
  schema: z.ZodType
  property?: string
}

/** Query parameters by name, each given once. */
export type Parameters = Readonly<Record<string, string | undefined>>

/** What a handler gets of a request. */
export interface RouteRequest {
  /** Parameters of the path by name, percent-decoded and not validated. */
  path: Readonly<Record<string, string>>
  /** Query parameters that the route lists, not validated. */
  query: Parameters
}

/** Gates of passes over all subscribers. Single look-ups do not wait for a place among pages. */
export type Gate = 'lookUps' | 'pages'

/** What handlers read: the pipeline, its health, the parts of the server, and all routes. */
export interface RouteContext {
  view: PipelineView
  /** Health of the pipeline as of now. */
  health: () => Health
  /** Milliseconds since 1970. */
  now: () => number
  metrics: { contentType: string; exposition(): Promise<string> }
  live: { attach(exchange: Exchange): void }
  /** Bounds of the routes with a gate. */
  gates: Readonly<Record<Gate, ConcurrencyLimit>>
  routes: readonly Route[]
}

/** A request and its response, for a route that writes the response itself. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Headers that every response carries. */
  headers: Headers
  /** Whether the client may still get what it asked for: its token may be revoked. */
  isAllowed: () => boolean
}

/** Documentation and conditions of a route. It answers GET and HEAD. */
interface RouteFacts {
  /** In the notation of the router: `:name` is a parameter. */
  path: string
  tag: 'snapshot' | 'subscribers' | 'process' | 'documentation'
  /** One phrase, without a full stop. */
  summary: string
  /** The scope that a token needs; null for a route that needs no token. */
  scope: Scope | null
  parameters?: readonly Parameter[]
  /** Whether other query parameters are ignored; otherwise they return 400. */
  lenient?: boolean
  /** Content type of the 200 response, JSON unless given. */
  type?: string
  /** Schema of the 200 response; none for text. */
  schema?: ResponseSchema
  /** Statuses in addition to those that follow from the row and those of every route. */
  statuses?: readonly number[]
}

/** A route that answers as of the request. */
interface AnswerRoute extends RouteFacts {
  /** Whether 200 names the snapshot that was the last one when the request arrived. */
  asOf?: boolean
  /** For a pass over all subscribers: a bounded number waits, others get 503. */
  gate?: Gate
  answer: (request: RouteRequest, context: RouteContext) => Answer | Promise<Answer>
}

/** A route that changes with the snapshot only: an ETag, 304, and 503 before the first snapshot. */
export interface SnapshotRoute extends RouteFacts {
  /** JSON text of the response. */
  ofSnapshot: (published: Published) => string
}

/** A route that writes its response itself, for as long as the client stays. */
interface StreamRoute extends RouteFacts {
  stream: (exchange: Exchange, context: RouteContext) => void
}

/** One route. The router, OpenAPI, documentation, scopes and request metrics follow from it. */
export type Route = AnswerRoute | SnapshotRoute | StreamRoute

/** The path of a route in the notation of OpenAPI: `{name}` is a parameter. */
export const openapiPath = ({ path }: Route): string => path.replaceAll(/:(\w+)/g, '{$1}')

/** Whether 503 of a route carries Retry-After. */
export const asksToRetry = (route: Route): boolean => 'ofSnapshot' in route || 'gate' in route

/** Statuses of a route, ascending, without those that every route has. */
export function statusesOf(route: Route): number[] {
  const found = new Set([200, ...(route.statuses ?? [])])
  if (route.lenient !== true) found.add(400)
  if ('ofSnapshot' in route) found.add(304)
  if (asksToRetry(route)) found.add(503)
  return [...found].sort((a, b) => a - b)
}
