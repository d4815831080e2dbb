// What each path of the API is for, what it takes and answers: the source of its documentation.
import { APPLICATIONS } from '../../record/columns.ts'

/** Of a parameter, as JSON schema. */
export interface ParameterSchema {
  type: 'string' | 'integer'
  pattern?: string
  enum?: readonly string[]
  minimum?: number
  maximum?: number
  default?: number
}

/** A parameter in a path or behind it. */
export interface Parameter {
  name: string
  in: 'path' | 'query'
  required?: boolean
  schema: ParameterSchema
  description: string
}

/** One path: its words, the scope its token needs, and its answers besides those that all have. */
export interface Operation {
  path: string
  tag: 'snapshot' | 'subscribers' | 'process' | 'documentation'
  summary: string
  scope: 'read' | 'subscribers' | 'metrics' | null
  parameters?: readonly Parameter[]
  /** Content type of the answer, JSON unless said. */
  type?: string
  /** Reference to the schema of the answer, none for text. */
  schema?: string
  /** Statuses besides 200 and 4xx of all. */
  also?: readonly number[]
}

/** Most subscribers of a page, and how many there are unless asked for. */
export const MOST_MEMBERS = 1000
export const USUAL_MEMBERS = 100

const PROPERTY = '#/components/schemas/Snapshot/properties/'
const MSISDN: ParameterSchema = { type: 'string', pattern: '^[0-9]{1,15}$' }

const part = (name: string, summary: string): Operation => ({
  path: `/api/v1/${name}`,
  tag: 'snapshot',
  summary,
  scope: 'read',
  schema: PROPERTY + name,
  also: [304, 400, 503],
})

const MEMBER_PARAMETERS: readonly Parameter[] = [
  {
    name: 'segment',
    in: 'query',
    schema: { type: 'string' },
    description: 'only subscribers of this segment, by its name',
  },
  {
    name: 'application',
    in: 'query',
    schema: { type: 'string', enum: APPLICATIONS },
    description: 'only subscribers with traffic in this application',
  },
  {
    name: 'limit',
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: MOST_MEMBERS, default: USUAL_MEMBERS },
    description: 'most subscribers of the page',
  },
  {
    name: 'after',
    in: 'query',
    schema: MSISDN,
    description: 'only larger MSISDNs: what the page before gave as next',
  },
]

/** Every path that is served but the files of the live page. */
export const OPERATIONS: readonly Operation[] = [
  {
    path: '/api/v1/snapshot',
    tag: 'snapshot',
    summary: 'The whole snapshot',
    scope: 'read',
    schema: '#/components/schemas/Snapshot',
    also: [304, 400, 503],
  },
  part('top', 'Top subscribers by each metric'),
  part('applications', 'Traffic, share, subscribers and top users of each application'),
  part('segments', 'Segments with their centres, sizes and metrics, and how they were made'),
  part('elbow', 'Inertia by number of segments, and its knee'),
  part('hours', 'Totals by the hour in which sessions start'),
  part('positions', 'How far each source was read'),
  {
    path: '/api/v1/subscribers',
    tag: 'subscribers',
    summary: 'Subscribers of a segment or application as of now, by ascending MSISDN',
    scope: 'subscribers',
    parameters: MEMBER_PARAMETERS,
    schema: '#/components/schemas/SubscriberList',
    also: [400, 404, 503],
  },
  {
    path: '/api/v1/subscribers/{msisdn}',
    tag: 'subscribers',
    summary: 'One subscriber as of now: aggregate, ranks, segment, distances',
    scope: 'subscribers',
    parameters: [
      { name: 'msisdn', in: 'path', required: true, schema: MSISDN, description: '1 to 15 digits' },
    ],
    schema: '#/components/schemas/SubscriberView',
    also: [400, 404, 503],
  },
  {
    path: '/api/v1/status',
    tag: 'process',
    summary: 'State of the process: counters, rate, positions, runs, options',
    scope: 'read',
    schema: '#/components/schemas/Status',
    also: [400],
  },
  {
    path: '/api/v1/live',
    tag: 'process',
    summary: 'Server-sent events: snapshot first and at each change, progress about every second',
    scope: 'read',
    type: 'text/event-stream',
    also: [503],
  },
  {
    path: '/metrics',
    tag: 'process',
    summary: 'Metrics for Prometheus',
    scope: 'metrics',
    type: 'text/plain',
  },
  { path: '/healthz', tag: 'process', summary: 'Whether the process lives', scope: null },
  {
    path: '/readyz',
    tag: 'process',
    summary: 'Whether it reads, and its snapshot is fresh; else why not',
    scope: null,
    also: [503],
  },
  {
    path: '/api/v1/openapi.json',
    tag: 'documentation',
    summary: 'This description as OpenAPI 3.1',
    scope: 'read',
    also: [400],
  },
  {
    path: '/api',
    tag: 'documentation',
    summary: 'This description for people',
    scope: 'read',
    type: 'text/html',
  },
]
