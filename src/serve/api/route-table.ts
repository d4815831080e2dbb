// What the server looks up in the table of routes for each request: its scope and its labels.
import { METHODS } from '../http/request-filter.ts'
import type { Scope } from '../http/tokens.ts'
import type { Route } from './route.ts'

/** Routes by their declared path: another spelling of a path is the same route. */
export type RouteTable = ReadonlyMap<string, Route>

/** The table of some routes, whose paths are distinct. */
export const tableOf = (routes: readonly Route[]): RouteTable =>
  new Map(routes.map((route) => [route.path, route]))

/**
 * The scope that a request needs; null when it needs no token. Files of the live page, and paths
 * that do not exist, need `read`.
 *
 * @param path the declared path of the route; undefined without a route
 */
export function scopeOf(table: RouteTable, path: string | undefined): Scope | null {
  const route = table.get(path ?? '')
  return route === undefined ? 'read' : route.scope
}

/** Labels of the measurement of a request. */
export interface RequestLabels extends Record<string, string> {
  route: string
  method: string
  code: string
}

/**
 * The labels of a request: a bounded number of values, whatever clients request. Null for a stream,
 * which is not measured, because it lasts as long as the client stays.
 *
 * @param path the declared path of the route; undefined without a route
 */
export function labelsOf(
  table: RouteTable,
  path: string | undefined,
  method: string,
  status: number,
): RequestLabels | null {
  const route = table.get(path ?? '')
  if (route !== undefined && 'stream' in route) return null
  return {
    // All files of the page share one series.
    route: path === undefined ? 'unmatched' : (route?.path ?? 'page'),
    method: METHODS.includes(method) ? method : 'other',
    code: String(status),
  }
}
