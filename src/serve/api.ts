// The HTTP API as plain data: which paths there are and what each answers.
import type { Snapshot } from '../snapshot/schema.ts'
import { json, problem, type Answer } from './problem.ts'
import { status, type Judgement } from './status.ts'
import type { PipelineView, Published } from './view.ts'

/** What of a request a route looks at. */
export interface Query {
  params: Readonly<Record<string, string>>
  ifNoneMatch: string | undefined
}

/** One path, in the notation of fastify (`:name` is a parameter). */
export interface Route {
  path: string
  answer(query: Query): Answer | Promise<Answer>
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
] as const satisfies readonly (keyof Snapshot)[]

/** E.164 allows 15 digits; with more no subscriber can be meant. */
const MSISDN = /^[0-9]{1,15}$/

/** All routes but the live stream, the metrics and the page. */
export function apiRoutes(context: ApiContext): Route[] {
  const { view } = context
  return [
    { path: '/healthz', answer: () => json({ status: 'alive' }) },
    {
      path: '/readyz',
      answer: () => {
        const reason = context.judgement().notReady
        return reason === null ? json({ status: 'ready' }) : problem(503, reason)
      },
    },
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
      answer: ({ params }) => subscriber(view, params['msisdn'] ?? ''),
    },
  ]
}

/** A route whose answer changes only with the snapshot, and can therefore be 304. */
function snapshotRoute(
  view: PipelineView,
  path: string,
  body: (published: Published) => string,
): Route {
  return {
    path: API_PREFIX + path,
    answer: ({ ifNoneMatch }) => {
      const published = view.published()
      if (published === null) {
        return problem(503, 'There is no snapshot yet; ask again in a moment.', {
          'retry-after': '1',
        })
      }
      const etag = etagOf(view, published)
      const headers = { ...asOf(published), etag, 'cache-control': 'no-cache' }
      if (matches(ifNoneMatch, etag)) return { status: 304, headers, body: '' }
      return {
        status: 200,
        headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
        body: body(published),
      }
    },
  }
}

/**
 * One subscriber as of now: newer than the snapshot named in the header, against whose
 * segments it is held; for that reason it has no ETag. The MSISDN is not repeated in errors.
 */
async function subscriber(view: PipelineView, msisdn: string): Promise<Answer> {
  if (!MSISDN.test(msisdn)) return problem(400, 'An MSISDN is 1 to 15 digits.')
  const found = await view.lookup(Number(msisdn))
  if (found === null) return problem(404, 'There is no subscriber of this MSISDN.')
  return json(found, asOf(view.published()))
}

function asOf(published: Published | null): Record<string, string> {
  return published === null ? {} : { 'x-snapshot-number': String(published.snapshot.number) }
}

/** The same state may be shown otherwise after a restart with other options: start is part. */
function etagOf(view: PipelineView, published: Published): string {
  return `"${published.snapshot.number}-${view.startedAtMs.toString(36)}"`
}

/** RFC 9110, 13.1.2: a list of tags compared weakly, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
