// Connections of the server: bounded in total and per client; the one that is missed least gives
// way, so that probes and metrics are answered while others hold connections.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { clientOf, isOwn } from './client-address.ts'

/** Bounds of connections; tests use smaller ones. */
export interface ConnectionLimits {
  /** Connections at once. A further one takes the place of another. */
  most: number
  /** Connections of one client at once; clients and proxies on this machine have no own bound. */
  perClient: number
  /** Time in which a client must send a whole request. */
  requestMs: number
  /** Time in which a client must read a response. */
  answerMs: number
  /** Time in which a client may read why its connection ends. */
  lingerMs: number
}

/** Reasons to end a connection: the labels of `http_closed_connections_total`. */
export const CLOSINGS = ['full', 'client', 'slow', 'revoked'] as const
/** One of them. */
export type Closing = (typeof CLOSINGS)[number]

/**
 * What a connection does, in the order in which they give way: it gets the reason for its end; no
 * whole request has arrived; it waits for its next request; it gets a response; it gets a live
 * stream, of which there are fewer than connections.
 */
const PHASES = ['ending', 'silent', 'idle', 'answering', 'live'] as const
type Phase = (typeof PHASES)[number]

interface Connection {
  socket: Socket
  client: string
  phase: Phase
  /** When the phase began. */
  sinceMs: number
  /** Requests without a whole response; more than one when they are pipelined. */
  requests: number
}

/** What is called about connections. */
export interface ConnectionListener {
  /** With 1 for each new connection, and -1 for each that has ended. */
  onChange: (amount: 1 | -1) => void
  /** When a connection has to give way. */
  onClose: (reason: Closing) => void
}

/** The connections of a server. */
interface Watch {
  limits: ConnectionLimits
  listener: ConnectionListener
  byName: Map<string, Connection>
  /** In the order in which their phases began. */
  byPhase: ReadonlyMap<Phase, Set<Connection>>
  countByClient: Map<string, number>
}

/** A connection by its ends: with TLS it has two sockets, the encrypted one above the other. */
const nameOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`

/** Access to the connections of a server. */
export interface Connections {
  /** Marks the connection of a live stream. */
  toLive(socket: Socket): void
  /** Ends a connection after its client had time to read the last response. */
  linger(socket: Socket): void
  stop(): void
}

/** Watches the connections of a server, plain or with TLS, from before it listens. */
export function watchConnections(
  server: Server,
  limits: ConnectionLimits,
  listener: ConnectionListener,
): Connections {
  const watch: Watch = {
    limits,
    listener,
    byName: new Map(),
    byPhase: new Map(PHASES.map((phase) => [phase, new Set()])),
    countByClient: new Map(),
  }
  const to = (phase: Phase, socket: Socket): void => {
    const connection = watch.byName.get(nameOf(socket))
    if (connection !== undefined) enter(watch, connection, phase)
  }
  server.on('connection', (socket) => admit(watch, socket))
  server.on('secureConnection', (socket: Socket) => {
    const connection = watch.byName.get(nameOf(socket))
    if (connection !== undefined) connection.socket = socket
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) =>
    serve(watch, request.socket, response),
  )
  const timer = setInterval(() => endSlow(watch), limits.answerMs / 10).unref()
  return {
    toLive: (socket) => to('live', socket),
    linger(socket) {
      to('ending', socket)
      setTimeout(() => socket.destroy(), limits.lingerMs).unref()
    },
    stop: () => clearInterval(timer),
  }
}

/** Takes a new connection; at a bound, another one or itself gives way. */
function admit(watch: Watch, socket: Socket): void {
  const { limits, byName, countByClient } = watch
  const client = clientOf(socket.remoteAddress ?? '')
  const connection: Connection = { socket, client, phase: 'silent', sinceMs: 0, requests: 0 }
  const count = countByClient.get(client) ?? 0
  if (count >= limits.perClient && !isOwn(client)) {
    giveWay(watch, leastOf(watch, client) ?? connection, 'client')
  } else if (byName.size >= limits.most) {
    giveWay(watch, leastOf(watch, null) ?? connection, 'full')
  }
  if (socket.destroyed) return
  const name = nameOf(socket)
  byName.set(name, connection)
  countByClient.set(client, count + 1)
  enter(watch, connection, 'silent')
  watch.listener.onChange(1)
  socket.once('close', () => forget(watch, name, connection))
}

function forget(watch: Watch, name: string, connection: Connection): void {
  const { byName, byPhase, countByClient } = watch
  const { client, phase } = connection
  // Its port may already be that of a later connection.
  if (byName.get(name) === connection) byName.delete(name)
  byPhase.get(phase)!.delete(connection)
  const left = countByClient.get(client)! - 1
  if (left === 0) countByClient.delete(client)
  else countByClient.set(client, left)
  watch.listener.onChange(-1)
}

function enter({ byPhase }: Watch, connection: Connection, phase: Phase): void {
  byPhase.get(connection.phase)!.delete(connection)
  connection.phase = phase
  connection.sinceMs = Date.now()
  byPhase.get(phase)!.add(connection)
}

/** The connection that is missed least, of one client or of all. */
function leastOf({ byPhase }: Watch, client: string | null): Connection | null {
  for (const [phase, connections] of byPhase) {
    if (phase === 'live') break
    for (const each of connections) {
      if ((client === null || each.client === client) && !each.socket.destroyed) return each
    }
  }
  return null
}

function giveWay({ listener }: Watch, { socket }: Connection, reason: Closing): void {
  listener.onClose(reason)
  socket.destroy()
}

function serve(watch: Watch, socket: Socket, response: ServerResponse): void {
  const connection = watch.byName.get(nameOf(socket))
  if (connection === undefined) return
  connection.requests++
  enter(watch, connection, 'answering')
  response.once('close', () => {
    connection.requests--
    if (connection.requests === 0 && !socket.destroyed) enter(watch, connection, 'idle')
  })
}

/** Ends connections whose client has not read a response in time, however steadily it reads. */
function endSlow(watch: Watch): void {
  const lateMs = Date.now() - watch.limits.answerMs
  for (const each of watch.byPhase.get('answering')!) {
    if (each.sinceMs > lateMs) break
    if (each.socket.writableLength > 0 && !each.socket.destroyed) giveWay(watch, each, 'slow')
  }
}
