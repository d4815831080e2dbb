// Time limits of requests, and the bounds of connections.
import { maxHeaderSize } from 'node:http'
import type { ConnectionLimits } from './http/connections.ts'
import { LIVE_LIMITS } from './live/stream.ts'

/** Room for all live streams and for as many short requests. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  most: 2 * LIVE_LIMITS.clients,
  // A quarter: several clients that hold all they can still leave room for others.
  perClient: LIVE_LIMITS.clients / 2,
  // A request is a line and some headers; slower clients would hold connections.
  requestMs: 10_000,
  answerMs: 60_000,
  lingerMs: 1000,
}

/** Limits of the server as fastify and Node.js take them; times in milliseconds. */
export const SERVER_LIMITS = {
  forceCloseConnections: true,
  keepAliveTimeout: 30_000,
  // Without any progress. A live stream has a heartbeat more often, so only a client that does not
  // read, or has gone without a word, is ended.
  connectionTimeout: CONNECTION_LIMITS.answerMs,
  routerOptions: { maxParamLength: maxHeaderSize },
} as const

/** Limits that Node.js takes when it creates a server, plain or with TLS. */
export const CREATION_LIMITS = {
  // Time between checks for late requests.
  connectionsCheckingInterval: 1000,
  // The request filter responds to a missing Host header.
  requireHostHeader: false,
} as const
