// Time limits of requests, and the maximum number of connections.
import { maxHeaderSize } from 'node:http'
import { LIVE_LIMITS } from './live/stream.ts'

/** Room for all live streams and for as many short requests. */
export const MOST_CONNECTIONS = 2 * LIVE_LIMITS.clients

/** Limits of the server as fastify and Node.js take them; times in milliseconds. */
export const SERVER_LIMITS = {
  forceCloseConnections: true,
  // A request is a line and some headers; slower clients would hold connections.
  requestTimeout: 10_000,
  keepAliveTimeout: 30_000,
  // Time between checks for late requests. The request filter responds to a missing Host header.
  http: { connectionsCheckingInterval: 1000, requireHostHeader: false },
  routerOptions: { maxParamLength: maxHeaderSize },
} as const
