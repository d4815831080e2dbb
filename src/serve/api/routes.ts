// The table of routes: everything that is served, except the files of the live page.
import { snapshotSchema, type Snapshot } from '../../snapshot/schema.ts'
import { subscriberListSchema, subscriberSchema } from '../../snapshot/subscriber-schema.ts'
import { keptBody } from '../http/kept-body.ts'
import { json, problem, type Answer } from '../http/problem.ts'
import { docsPage } from './docs.ts'
import { openapiText } from './openapi.ts'
import { API_PREFIX, type Route } from './route.ts'
import { statusSchema } from './status-schema.ts'
import { status } from './status.ts'
import {
  answerSubscriber,
  answerSubscribers,
  MSISDN_PARAMETER,
  PAGE_PARAMETERS,
} from './subscribers.ts'

const SNAPSHOT = { component: 'Snapshot', schema: snapshotSchema }

/** A part of the snapshot with a path of its own. */
const part = (property: keyof Snapshot, summary: string): Route => ({
  path: `${API_PREFIX}/${property}`,
  tag: 'snapshot',
  summary,
  scope: 'read',
  schema: { ...SNAPSHOT, property },
  ofSnapshot: ({ snapshot }) => JSON.stringify(snapshot[property]),
})

/** A response that changes with the program only. */
const document = (
  type: string,
  routes: readonly Route[],
  textOf: (routes: readonly Route[]) => string,
): Answer => ({
  status: 200,
  headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' },
  body: keptBody(routes, type, () => textOf(routes)),
})

/** All routes, in the order of the documentation. */
export const ROUTES: readonly Route[] = [
  {
    path: `${API_PREFIX}/snapshot`,
    tag: 'snapshot',
    summary: 'The whole snapshot',
    scope: 'read',
    schema: SNAPSHOT,
    ofSnapshot: ({ json: text }) => text,
  },
  part('top', 'Top subscribers by each metric'),
  part('applications', 'Traffic, share, subscribers and top users of each application'),
  part('segments', 'Segments with their centres, sizes and metrics, and how they were made'),
  part('elbow', 'Inertia by number of segments, and its knee'),
  part('hours', 'Totals by the hour in which sessions start'),
  part('positions', 'How far each source was read'),
  {
    path: `${API_PREFIX}/subscribers`,
    tag: 'subscribers',
    summary: 'Subscribers of a segment or application as of now, by ascending MSISDN',
    scope: 'subscribers',
    parameters: PAGE_PARAMETERS,
    schema: { component: 'SubscriberList', schema: subscriberListSchema },
    statuses: [404],
    asOf: true,
    gate: 'pages',
    answer: ({ query }, { view }) => answerSubscribers(view, query),
  },
  {
    path: `${API_PREFIX}/subscribers/:msisdn`,
    tag: 'subscribers',
    summary: 'One subscriber as of now: aggregate, ranks, segment, distances',
    scope: 'subscribers',
    parameters: [MSISDN_PARAMETER],
    schema: { component: 'SubscriberView', schema: subscriberSchema },
    statuses: [404],
    asOf: true,
    gate: 'lookUps',
    answer: ({ path }, { view }) => answerSubscriber(view, path['msisdn'] ?? ''),
  },
  {
    path: `${API_PREFIX}/status`,
    tag: 'process',
    summary: 'State of the process: counters, rate, positions, runs, options',
    scope: 'read',
    schema: { component: 'Status', schema: statusSchema },
    asOf: true,
    answer: (_, { view, health, now }) => json(status(view, health(), now())),
  },
  {
    path: `${API_PREFIX}/live`,
    tag: 'process',
    summary: 'Server-sent events: snapshot first and at each change, progress about every second',
    scope: 'read',
    lenient: true,
    type: 'text/event-stream',
    statuses: [503],
    stream: (exchange, { live }) => live.attach(exchange),
  },
  {
    path: '/metrics',
    tag: 'process',
    summary: 'Metrics for Prometheus',
    scope: 'metrics',
    lenient: true,
    type: 'text/plain',
    answer: async (_, { metrics }) => ({
      status: 200,
      headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' },
      body: await metrics.exposition(),
    }),
  },
  {
    path: '/healthz',
    tag: 'process',
    summary: 'Whether the process lives',
    scope: null,
    lenient: true,
    answer: () => json({ status: 'alive' }),
  },
  {
    path: '/readyz',
    tag: 'process',
    summary: 'Whether the pipeline is ready, or the reason why not',
    scope: null,
    lenient: true,
    statuses: [503],
    answer: (_, { health }) => {
      const { notReady } = health()
      return notReady === null ? json({ status: 'ready' }) : problem(503, notReady)
    },
  },
  {
    path: `${API_PREFIX}/openapi.json`,
    tag: 'documentation',
    summary: 'This description as OpenAPI 3.1',
    scope: 'read',
    answer: (_, { routes }) => document('application/json', routes, openapiText),
  },
  {
    path: '/api',
    tag: 'documentation',
    summary: 'This description for people',
    scope: 'read',
    lenient: true,
    type: 'text/html',
    answer: (_, { routes }) => document('text/html', routes, docsPage),
  },
]
