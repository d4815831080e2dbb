// The API as an OpenAPI 3.1 document, out of its operations and the schemas of its answers.
import { z } from '../../schema.ts'
import { snapshotSchema } from '../../snapshot/schema.ts'
import { subscriberListSchema, subscriberSchema } from '../../snapshot/subscriber-schema.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { statusSchema } from './status-schema.ts'

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe('what is wrong and what to do; never a value that was asked for'),
  })
  .describe('RFC 9457')

type Json = Record<string, unknown>

/** Version of the API, which its paths carry. */
const API_VERSION = '1'

/** What a problem is called in the document. */
const MEANINGS: Readonly<Record<number, string>> = {
  304: 'The snapshot named by If-None-Match is still the last one',
  400: 'What was asked for cannot be understood',
  401: 'A token is needed, or the one presented is not known',
  403: 'The token lacks the scope, or the page asking is of another origin',
  404: 'There is no such thing',
  421: 'The Host header names another machine',
  429: 'Too many requests or wrong tokens came from this address',
  431: 'Address and headers of the request are too long',
  503: 'Not now: there is no snapshot yet, the process is not ready, or too many wait',
}

/** Which every answer may be. */
const ALWAYS = [401, 403, 421, 429, 431]

const DESCRIPTION =
  'Read only: GET and HEAD; any other method is 405. Under /api/v1 a parameter that a path does ' +
  'not know, or one given twice, is 400; only the live stream takes any. On loopback without a token; else each request needs ' +
  '`Authorization: Bearer TOKEN`. Answers of a snapshot carry an ETag with its number, and are ' +
  '304 until there is another; `X-Snapshot-Number` and `X-Snapshot-Time` say which snapshot an ' +
  'answer is as of, or held against, and /api/v1/positions how far sources were read for it, ' +
  'when its ETag is the same. Bytes are bytes, times milliseconds (UTC). Long answers are gzipped ' +
  'for whoever takes it.'

const header = (description: string, schema: Json): Json => ({ description, schema })
const AS_OF = {
  'X-Snapshot-Number': header('commits in the state of the last snapshot', { type: 'integer' }),
  'X-Snapshot-Time': header('when it was taken', { type: 'string', format: 'date-time' }),
}

const ETAG = { ETag: header('weak; of the snapshot in any coding', { type: 'string' }) }
const RETRY_AFTER = { 'Retry-After': header('seconds', { type: 'integer' }) }
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  schema: { type: 'string' },
  description: 'ETags of answers that are at hand',
}

/** The headers that an answer of a status carries besides those of all. */
function headersOf(status: number, { path, tag, type }: Operation): Json {
  const isOk = status === 200 || status === 304
  const hasNumber = path.startsWith('/api/v1') && tag !== 'documentation' && type === undefined
  const waits = status === 429 || (status === 503 && (tag === 'snapshot' || tag === 'subscribers'))
  return {
    ...(isOk && hasNumber ? AS_OF : {}),
    ...(isOk && tag === 'snapshot' ? ETAG : {}),
    ...(waits ? RETRY_AFTER : {}),
  }
}

/** A schema without its own dialect: the document names it once. */
function component(schema: z.ZodType): Json {
  const made: Json = { ...z.toJSONSchema(schema) }
  delete made['$schema']
  return made
}

function operation(each: Operation): Json {
  const { path, tag, summary, scope, type, schema, also = [] } = each
  const content = { [type ?? 'application/json']: { schema: schema ? { $ref: schema } : {} } }
  const parameters = [...(each.parameters ?? []), ...(tag === 'snapshot' ? [IF_NONE_MATCH] : [])]
  const statuses = [200, ...also, ...(scope === null ? [421, 431] : ALWAYS)].sort((a, b) => a - b)
  const responses = statuses.map((status) => [
    String(status),
    {
      description: status === 200 ? summary : MEANINGS[status],
      headers: headersOf(status, each),
      ...(status === 304 ? {} : { content: status === 200 ? content : PROBLEM }),
    },
  ])
  return {
    operationId: path.replaceAll(/[^a-z]+(\w?)/g, (_, next: string) => next.toUpperCase()),
    tags: [tag],
    summary,
    parameters,
    responses: Object.fromEntries(responses) as Json,
    security: scope === null ? [] : [{}, { token: [scope] }],
  }
}

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }

/** The document as an object. */
export function openapi(): Json {
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
    paths: Object.fromEntries(OPERATIONS.map((each) => [each.path, { get: operation(each) }])),
    components: {
      schemas: {
        Snapshot: component(snapshotSchema),
        SubscriberView: component(subscriberSchema),
        SubscriberList: component(subscriberListSchema),
        Status: component(statusSchema),
        Problem: component(problemSchema),
      },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'a line of --token-file' },
      },
    },
  }
}

/** The document as text; the same each time. */
export const openapiText = (): string => `${JSON.stringify(openapi(), null, 2)}\n`
