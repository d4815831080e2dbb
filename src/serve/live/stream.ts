// Server-sent events: every update is serialised once and sent to all clients.
import type { ServerResponse } from 'node:http'
import { progressMessage } from '../api/status.ts'
import type { Exchange, RouteContext } from '../api/route.ts'
import { takesGzip } from '../http/compress.ts'
import { problem } from '../http/problem.ts'
import type { Metrics } from '../metrics/exposition.ts'
import { eventFrame, frameOf, GZIP_HEADER, memoiseFrame, type Frame } from './frames.ts'

/** Bounds of the stream; tests use smaller ones. */
export interface LiveLimits {
  progressIntervalMs: number
  heartbeatMs: number
  /** Time that browsers wait before they reconnect. */
  retryMs: number
  /** Unsent bytes of a client above which it is disconnected. */
  bufferBytes: number
  /** Clients at the same time; further ones get 503. */
  clients: number
}

/** The bounds of a server. */
export const LIVE_LIMITS: LiveLimits = {
  progressIntervalMs: 1000,
  heartbeatMs: 15_000,
  retryMs: 2000,
  bufferBytes: 1 << 20,
  clients: 1000,
}

/** The live stream of a server. */
export interface Live {
  /** Writes a response until its client leaves; the snapshot, if there is one, comes first. */
  attach(exchange: Exchange): void
  /** Ends the streams whose client has lost its rights. */
  endRevoked(): void
  /** Ends all streams and timers. */
  close(): void
}

/** What the stream reads. */
export type LiveContext = Pick<RouteContext, 'view' | 'health' | 'now'>

/** A client of a stream. */
interface Client extends Pick<Exchange, 'isAllowed'> {
  /** In which it gets frames. */
  coding: keyof Frame
}

/** The clients of a stream and what their messages are made of. */
interface Stream {
  context: LiveContext
  metrics: Metrics
  limits: LiveLimits
  clients: Map<ServerResponse, Client>
  /** The last snapshot as a frame; null before the first. */
  snapshotFrame: () => Frame | null
  /** Progress messages so far, the second part of their ids. */
  sequence: number
  /** Whether the pipeline has reported since the last progress message. */
  progressDue: boolean
  /** Why the pipeline was not ready at the last tick. */
  lastNotReady: string | null
}

const HEARTBEAT = frameOf(': alive\n\n')

/** The live stream of the context's view; its timers do not keep the process running. */
export function createLive(context: LiveContext, metrics: Metrics, limits: LiveLimits): Live {
  const { view } = context
  const stream: Stream = {
    context,
    metrics,
    limits,
    clients: new Map(),
    snapshotFrame: memoiseFrame(
      () => view.published(),
      (published) => eventFrame('snapshot', String(published.snapshot.number), published.json),
    ),
    sequence: 0,
    progressDue: false,
    lastNotReady: null,
  }
  const unsubscribe = view.subscribe((event) => {
    if (event === 'progress') stream.progressDue = true
    else sendSnapshot(stream)
  })
  const timers = [
    setInterval(() => sendProgress(stream), limits.progressIntervalMs),
    setInterval(() => broadcast(stream, HEARTBEAT), limits.heartbeatMs),
  ]
  for (const timer of timers) timer.unref()
  return {
    attach: (exchange) => attach(stream, exchange),
    endRevoked() {
      for (const [client, { isAllowed }] of stream.clients) {
        if (isAllowed()) continue
        metrics.add('http_closed_connections_total', 1, { reason: 'revoked' })
        remove(stream, client)
        client.end()
      }
    },
    close() {
      unsubscribe()
      for (const timer of timers) clearInterval(timer)
      for (const client of stream.clients.keys()) {
        remove(stream, client)
        client.end()
      }
    },
  }
}

function attach(stream: Stream, { request, response, headers, isAllowed }: Exchange): void {
  const { clients, limits, metrics } = stream
  if (clients.size >= limits.clients) {
    metrics.add('http_refused_requests_total', 1, { reason: 'live-clients' })
    const answer = problem(503, `All ${limits.clients} live streams are in use.`)
    response.writeHead(answer.status, { ...headers, ...answer.headers }).end(answer.body)
    return
  }
  const coding = takesGzip(request.headers['accept-encoding'] ?? '') ? 'zipped' : 'plain'
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    vary: ['accept-encoding', ...[headers['vary'] ?? []].flat()].join(', '),
    ...(coding === 'zipped' && { 'content-encoding': 'gzip' }),
    connection: 'close',
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  clients.set(response, { coding, isAllowed })
  metrics.add('live_clients', 1)
  response.on('close', () => remove(stream, response))
  if (coding === 'zipped') response.write(GZIP_HEADER)
  const greeting = frameOf(`retry: ${limits.retryMs}\n\n`)
  for (const frame of [greeting, stream.snapshotFrame(), progressFrame(stream)]) {
    if (frame !== null) response.write(frame[coding])
  }
}

function sendSnapshot(stream: Stream): void {
  const frame = stream.clients.size > 0 ? stream.snapshotFrame() : null
  if (frame !== null) broadcast(stream, frame)
}

/** Sends progress when there is any, or when readiness changed: a stall reports no progress. */
function sendProgress(stream: Stream): void {
  const { notReady } = stream.context.health()
  const changed = stream.progressDue || notReady !== stream.lastNotReady
  if (changed && stream.clients.size > 0) broadcast(stream, progressFrame(stream))
  stream.progressDue = false
  stream.lastNotReady = notReady
}

function progressFrame(stream: Stream): Frame {
  const { view, health, now } = stream.context
  const message = progressMessage(view, health(), now())
  stream.sequence += 1
  const id = `${message.snapshotNumber ?? 0}.${stream.sequence}`
  return eventFrame('progress', id, JSON.stringify(message))
}

function broadcast(stream: Stream, frame: Frame): void {
  for (const [client, { coding }] of stream.clients) send(stream, client, frame[coding])
}

/** Writes to a client, or disconnects one that reads too slowly. */
function send(stream: Stream, client: ServerResponse, bytes: Buffer): void {
  const unsentBytes = client.writableLength + (client.socket?.writableLength ?? 0)
  if (unsentBytes <= stream.limits.bufferBytes) {
    client.write(bytes)
    return
  }
  stream.metrics.add('live_dropped_messages_total', 1)
  remove(stream, client)
  client.destroy()
}

/** Forgets a client; a second time changes nothing. */
function remove({ clients, metrics }: Stream, client: ServerResponse): void {
  if (clients.delete(client)) metrics.add('live_clients', -1)
}
