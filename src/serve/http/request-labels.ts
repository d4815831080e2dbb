// Labels of a request's measurement, of a bounded choice: a path as it was asked for is none.

/** Routes with a series of their own; all files of the page share one. */
const MEASURED = /^\/(api\/|healthz$|readyz$|metrics$)/

/** @param route path of the route as it is declared; undefined where there is none */
export function requestLabels(
  route: string | undefined,
  method: string,
  statusCode: number,
): { route: string; method: string; code: string } {
  const measured = route === undefined ? 'unmatched' : MEASURED.test(route) ? route : 'page'
  const known = method === 'GET' || method === 'HEAD' ? method : 'other'
  return { route: measured, method: known, code: String(statusCode) }
}
