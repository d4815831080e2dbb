// How long a request may take to arrive, and how many connections there may be.
import { maxHeaderSize } from 'node:http'
import { LIVE_LIMITS } from './live/stream.ts'

/** Room for the live streams and for as many short requests besides. */
export const MOST_CONNECTIONS = 2 * LIVE_LIMITS.clients

/** Of the server, as fastify and Node.js take them. */
export const SERVER_LIMITS = {
  forceCloseConnections: true,
  // A request is a line and some headers: a client that needs longer holds a slot on purpose.
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  // How often Node.js looks for requests that ran out of time; one without a Host is ours to answer.
  http: { connectionsCheckingInterval: 1000, requireHostHeader: false },
  routerOptions: { maxParamLength: maxHeaderSize },
} as const
