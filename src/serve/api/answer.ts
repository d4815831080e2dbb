// The answer of a route: checks its query, bounds scans, and names the snapshot of the response.
import { keptBody } from '../http/kept-body.ts'
import { problem, type Answer } from '../http/problem.ts'
import type { PipelineView, Published } from '../view.ts'
import { readParameters, type Query } from './parameters.ts'
import type { Route, RouteContext, SnapshotRoute } from './route.ts'

/** A request as the router has it. */
export interface Requested {
  /** Parameters of the path by name. */
  path: Readonly<Record<string, string>>
  query: Query
}

/** A route that returns its response as a value. */
export type AnsweringRoute = Exclude<Route, { stream: unknown }>

/**
 * The answer of a route: 400 for a query that the route does not take, else what its handler
 * returns. Rejects with the error of the handler.
 */
export async function answerRoute(
  route: AnsweringRoute,
  { path, query: given }: Requested,
  context: RouteContext,
): Promise<Answer> {
  const query = route.lenient === true ? {} : readParameters(route, given)
  if (typeof query === 'string') return problem(400, query)
  // Before the handler runs: while it waits, the next snapshot may be published.
  const published = context.view.published()
  if ('ofSnapshot' in route) {
    if (published === null) return noSnapshot()
    return snapshotAnswer(context.view, published, route)
  }
  const run = async (): Promise<Answer> => route.answer({ path, query }, context)
  const answer = await (route.gate === undefined ? run() : context.gates[route.gate](run))
  if (route.asOf !== true || answer.status !== 200) return answer
  return { ...answer, headers: { ...answer.headers, ...asOf(published) } }
}

/** The response while there is no snapshot: 503, to be repeated after a second. */
export const noSnapshot = (): Answer =>
  problem(503, 'There is no snapshot yet; repeat the request in a second.', { 'retry-after': '1' })

/**
 * The answer of a part of the snapshot. Caches do not store it, because it may contain MSISDNs;
 * the ETag is for programs that keep it.
 */
function snapshotAnswer(
  view: PipelineView,
  published: Published,
  { path, ofSnapshot }: SnapshotRoute,
): Answer {
  return {
    status: 200,
    headers: {
      ...asOf(published),
      etag: etagOf(view, published),
      'cache-control': 'no-store',
      // Also with 304: a client copies its headers to the stored response.
      'content-type': 'application/json; charset=utf-8',
      vary: 'accept-encoding',
    },
    body: keptBody(published, path, () => ofSnapshot(published)),
  }
}

/** Number and time of a snapshot as headers; its positions are those of /positions. */
function asOf(published: Published | null): Record<string, string> {
  if (published === null) return {}
  return {
    'x-snapshot-number': String(published.snapshot.number),
    'x-snapshot-time': new Date(published.atMs).toISOString(),
  }
}

/**
 * The ETag of a snapshot. The start of the process is part of it, because a restart with other
 * options shows the same state differently. It is weak, because it covers every content coding.
 */
function etagOf(view: PipelineView, published: Published): string {
  return `W/"${published.snapshot.number}-${view.startedAtMs.toString(36)}"`
}
