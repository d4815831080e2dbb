// The HTTP API as plain data: which paths there are and what each answers.
import type { Snapshot } from '../../snapshot/schema.ts'
import { createConcurrencyLimit } from '../http/concurrency-limit.ts'
import { answerMembers } from './subscribers.ts'
import { docsPage } from './docs.ts'
import { openapiText } from './openapi.ts'
import { readParameters, type Asked, type Parameters } from './parameters.ts'
import { json, problem, type Answer } from '../http/problem.ts'
import { status, type Judgement } from './status.ts'
import type { PipelineView, Published } from '../view.ts'

/** What of a request a route looks at. */
export interface Query {
  params: Readonly<Record<string, string>>
  /** What stands behind the question mark. */
  asked: Asked
  ifNoneMatch: string | undefined
}

/** One path, in the notation of fastify (`:name` is a parameter). */
export interface Route {
  path: string
  answer(query: Query): Answer | Promise<Answer>
}

/** A route that is given only what it knows of a query. */
interface StrictRoute {
  path: string
  answer: (query: Omit<Query, 'asked'> & { asked: Parameters }) => Answer | Promise<Answer>
}

/** What the routes need to know. */
export interface ApiContext {
  view: PipelineView
  judgement(): Judgement
  now(): number
}

/** Under which all of the API lives; a change that breaks a reader gets another. */
export const API_PREFIX = '/api/v1'

/** Parts of a snapshot that have a path of their own. */
const SECTIONS = [
  'top',
  'applications',
  'segments',
  'elbow',
  'hours',
  'positions',
] as const satisfies readonly (keyof Snapshot)[]

/** E.164 allows 15 digits; with more no subscriber can be meant. */
const MSISDN = /^[0-9]{1,15}$/

/** All routes but the live stream, the metrics and the page. */
export function apiRoutes(context: ApiContext): Route[] {
  return [
    { path: '/healthz', answer: () => json({ status: 'alive' }) },
    {
      path: '/readyz',
      answer: () => {
        const reason = context.judgement().notReady
        return reason === null ? json({ status: 'ready' }) : problem(503, reason)
      },
    },
    { path: '/api', answer: () => document('text/html', docsPage) },
    ...strictRoutes(context).map(asRoute),
  ]
}

/** What it was asked for and does not know is refused: it would be answered as if understood. */
const asRoute = ({ path, answer }: StrictRoute): Route => ({
  path,
  answer({ asked, ...rest }) {
    const read = readParameters(path, asked)
    return typeof read === 'string' ? problem(400, read) : answer({ ...rest, asked: read })
  },
})

/** Probes and pages aside: these are asked by programs that mean what they ask. */
function strictRoutes(context: ApiContext): StrictRoute[] {
  const { view } = context
  const gate = createConcurrencyLimit()
  return [
    snapshotRoute(view, '/snapshot', ({ json: text }) => text),
    ...SECTIONS.map((section) =>
      snapshotRoute(view, `/${section}`, ({ snapshot }) => JSON.stringify(snapshot[section])),
    ),
    {
      path: `${API_PREFIX}/status`,
      answer: () => json(status(view, context.judgement(), context.now()), asOf(view.published())),
    },
    {
      path: `${API_PREFIX}/subscribers/:msisdn`,
      answer: ({ params }) => gate(() => subscriber(view, params['msisdn'] ?? '')),
    },
    {
      path: `${API_PREFIX}/subscribers`,
      answer: ({ asked }) => gate(() => answerMembers(view, asked, asOf(view.published()))),
    },
    { path: `${API_PREFIX}/openapi.json`, answer: () => document('application/json', openapiText) },
  ]
}

/** A route whose answer changes only with the snapshot, and can therefore be 304. */
function snapshotRoute(
  view: PipelineView,
  path: string,
  body: (published: Published) => string,
): StrictRoute {
  return {
    path: API_PREFIX + path,
    answer: ({ ifNoneMatch }) => {
      const published = view.published()
      if (published === null) return notYet()
      const etag = etagOf(view, published)
      const headers = {
        ...asOf(published),
        etag,
        'cache-control': 'no-cache',
        // With 304, too: a cache takes the headers of that over into what it has stored.
        'content-type': 'application/json; charset=utf-8',
        vary: 'accept-encoding',
      }
      if (matches(ifNoneMatch, etag)) return { status: 304, headers, body: '' }
      return { status: 200, headers, body: body(published) }
    },
  }
}

/**
 * One subscriber as of now: newer than the snapshot named in the header, against whose
 * segments it is held; for that reason it has no ETag. The MSISDN is not repeated in errors.
 */
async function subscriber(view: PipelineView, msisdn: string): Promise<Answer> {
  if (!MSISDN.test(msisdn)) return problem(400, 'An MSISDN is 1 to 15 digits.')
  // The one it is held against: by the time of the answer there may be another.
  const published = view.published()
  const found = await view.lookup(Number(msisdn))
  // Before the first snapshot nobody may be known yet.
  if (found === null && published === null) return notYet()
  if (found === null) return problem(404, 'There is no subscriber of this MSISDN.')
  return json(found, asOf(published))
}

const notYet = (): Answer =>
  problem(503, 'There is no snapshot yet; ask again in a moment.', { 'retry-after': '1' })

/** Which snapshot an answer is as of, or held against; its positions are those of /positions. */
function asOf(published: Published | null): Record<string, string> {
  if (published === null) return {}
  return {
    'x-snapshot-number': String(published.snapshot.number),
    'x-snapshot-time': new Date(published.atMs).toISOString(),
  }
}

/** What changes only with the program. */
const document = (type: string, text: () => string): Answer => ({
  status: 200,
  headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache' },
  body: text(),
})

/**
 * The same state may be shown otherwise after a restart with other options: start is part. Weak, as
 * it is of the content in any coding.
 */
function etagOf(view: PipelineView, published: Published): string {
  return `W/"${published.snapshot.number}-${view.startedAtMs.toString(36)}"`
}

/** RFC 9110, 13.1.2: a list of tags compared weakly, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^(?!W\/)"/, 'W/"'))
  return tags.includes(etag) || tags.includes('*')
}
