// The OpenAPI 3.1 document: follows from the table of routes and the schemas of their responses.
import { z } from '../../schema.ts'
import { asksToRetry, openapiPath, statusesOf, type ResponseSchema, type Route } from './route.ts'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('what is wrong and what is expected; never a value of the request'),
  })
  .describe('RFC 9457')

type Json = Record<string, unknown>

/** Version of the API, which its paths carry. */
const API_VERSION = '1'

/** The description of each status except 200. */
const MEANINGS: Readonly<Record<number, string>> = {
  304: 'The snapshot named by If-None-Match is still the last one',
  400: 'A parameter is unknown, repeated or malformed',
  401: 'A token is needed, or the token is not known',
  403: 'The token lacks the scope, or the Origin is another one',
  404: 'The subscriber or segment does not exist',
  421: 'The Host header names another machine',
  429: 'Too many requests or invalid tokens came from this address',
  431: 'Address and headers of the request are too long',
  503: 'There is no snapshot yet, the process is not ready, or too many requests wait',
}

/** Statuses of every route; without a scope only the last two. */
const ALWAYS = [401, 403, 429, 421, 431]
const WITHOUT_TOKEN = [421, 431]

const DESCRIPTION =
  'Read-only: GET and HEAD; other methods return 405. Under /api/v1 unknown and repeated query ' +
  'parameters return 400, except on the live stream. On loopback no token is needed unless ' +
  'tokens are configured; otherwise each request needs `Authorization: Bearer TOKEN`. Snapshot ' +
  'responses carry an ETag; conditional requests return 304 until the next snapshot. ' +
  '`X-Snapshot-Number` and `X-Snapshot-Time` name the snapshot that a response is as of, or is ' +
  'compared with; /api/v1/positions with the same ETag shows how far the sources were read for ' +
  'it. Volumes are bytes, times are milliseconds since 1970 (UTC). Long responses are gzipped ' +
  'for clients that accept it.'

const header = (description: string, schema: Json): Json => ({ description, schema })
const AS_OF = {
  'X-Snapshot-Number': header('commits in the state of the last snapshot', { type: 'integer' }),
  'X-Snapshot-Time': header('when it was published', { type: 'string', format: 'date-time' }),
}

const ETAG = { ETag: header('weak; the same for every content coding', { type: 'string' }) }
const RETRY_AFTER = { 'Retry-After': header('seconds', { type: 'integer' }) }
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  schema: { type: 'string' },
  description: 'ETags of stored responses',
}

/** The headers of a response of a status, in addition to those that every response has. */
function headersOf(status: number, route: Route): Json {
  const isOk = status === 200 || status === 304
  const ofSnapshot = 'ofSnapshot' in route
  const asOf = ofSnapshot || ('asOf' in route && route.asOf)
  return {
    ...(isOk && asOf ? AS_OF : {}),
    ...(isOk && ofSnapshot ? ETAG : {}),
    ...(status === 429 || (status === 503 && asksToRetry(route)) ? RETRY_AFTER : {}),
  }
}

/** A schema without its own dialect: the document names it once. */
function component(schema: z.ZodType): Json {
  const made: Json = { ...z.toJSONSchema(schema) }
  delete made['$schema']
  return made
}

function reference({ component: name, property }: ResponseSchema): Json {
  const within = property === undefined ? '' : `/properties/${property}`
  return { $ref: `#/components/schemas/${name}${within}` }
}

function operation(route: Route): Json {
  const { tag, summary, scope, type = 'application/json', schema, parameters = [] } = route
  const content = { [type]: { schema: schema ? reference(schema) : {} } }
  const always = scope === null ? WITHOUT_TOKEN : ALWAYS
  const statuses = [...statusesOf(route), ...always].sort((a, b) => a - b)
  const responses = statuses.map((status) => [
    String(status),
    {
      description: status === 200 ? summary : MEANINGS[status],
      headers: headersOf(status, route),
      ...(status === 304 ? {} : { content: status === 200 ? content : PROBLEM }),
    },
  ])
  return {
    operationId: openapiPath(route).replaceAll(/[^a-z]+(\w?)/g, (_, next: string) =>
      next.toUpperCase(),
    ),
    tags: [tag],
    summary,
    parameters: [...parameters, ...('ofSnapshot' in route ? [IF_NONE_MATCH] : [])],
    responses: Object.fromEntries(responses) as Json,
    security: scope === null ? [] : [{}, { token: [scope] }],
  }
}

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

/** The schemas that routes refer to, by the name of their component. */
function componentsOf(routes: readonly Route[]): Json {
  const used = routes.map(({ schema }) => schema).filter((schema) => schema !== undefined)
  const schemas = new Map(used.map((each) => [each.component, each.schema]))
  return Object.fromEntries([...schemas].map(([name, schema]) => [name, component(schema)]))
}

/** The document of some routes as an object. */
export function openapi(routes: readonly Route[]): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'xdr-pulse',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    paths: Object.fromEntries(
      routes.map((route) => [openapiPath(route), { get: operation(route) }]),
    ),
    components: {
      schemas: { ...componentsOf(routes), Problem: component(problemSchema) },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'a token of --token-file' },
      },
    },
  }
}

/** The document as text; equal routes give equal text. */
export const openapiText = (routes: readonly Route[]): string =>
  `${JSON.stringify(openapi(routes), null, 2)}\n`
