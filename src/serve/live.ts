// Server-sent events: every update is made into bytes once and given to all clients.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { problem } from './problem.ts'
import { progressMessage } from './status.ts'
import type { ApiContext } from './api.ts'
import type { Metrics } from './metrics.ts'

/** Bounds of the stream; each may be smaller in tests. */
export interface LiveLimits {
  progressIntervalMs: number
  heartbeatMs: number
  /** Told to browsers: how long to wait before they connect again. */
  retryMs: number
  /** Unsent bytes of one client above which it is dropped. */
  bufferBytes: number
  clients: number
}

export const LIVE_LIMITS: LiveLimits = {
  progressIntervalMs: 1000,
  heartbeatMs: 15_000,
  retryMs: 2000,
  bufferBytes: 1 << 20,
  clients: 1000,
}

export interface Live {
  /** Takes over a response; the first message is the whole snapshot when there is one. */
  attach(request: IncomingMessage, response: ServerResponse, headers: Record<string, string>): void
  /** Ends all streams and timers. */
  close(): void
}

/** The live stream of the context's view. */
export function createLive(context: ApiContext, metrics: Metrics, limits: LiveLimits): Live {
  const { view } = context
  const clients = new Set<ServerResponse>()
  let sequence = 0
  let progressDue = false
  let lastNotReady: string | null = null

  const snapshotFrame = memoise(
    () => view.published(),
    (published) => frame('snapshot', String(published.snapshot.number), published.json),
  )
  const progressFrame = (): Buffer => {
    const message = progressMessage(view, context.judgement(), context.now())
    sequence += 1
    return frame('progress', `${message.snapshotNumber ?? 0}.${sequence}`, JSON.stringify(message))
  }
  const drop = (client: ServerResponse): void => {
    if (clients.delete(client)) metrics.add('live_clients', -1)
  }
  const send = (client: ServerResponse, bytes: Buffer): void => {
    if (client.writableLength + (client.socket?.writableLength ?? 0) > limits.bufferBytes) {
      metrics.add('live_dropped_messages_total', 1)
      drop(client)
      client.destroy()
    } else client.write(bytes)
  }
  const broadcast = (bytes: Buffer): void => {
    for (const client of clients) send(client, bytes)
  }
  const unsubscribe = view.subscribe((event) => {
    if (event === 'progress') progressDue = true
    else {
      const bytes = snapshotFrame()
      if (bytes !== null && clients.size > 0) broadcast(bytes)
    }
  })
  const progressTimer = setInterval(() => {
    // Standing still makes no message, and is to be seen all the same.
    const { notReady } = context.judgement()
    if ((progressDue || notReady !== lastNotReady) && clients.size > 0) broadcast(progressFrame())
    progressDue = false
    lastNotReady = notReady
  }, limits.progressIntervalMs)
  const heartbeatTimer = setInterval(() => {
    broadcast(Buffer.from(': alive\n\n'))
  }, limits.heartbeatMs)
  for (const timer of [progressTimer, heartbeatTimer]) timer.unref()

  return {
    attach(request, response, headers) {
      if (clients.size >= limits.clients) {
        metrics.add('http_rejected_total', 1, { reason: 'live-clients' })
        const answer = problem(503, `There are ${limits.clients} live streams already.`)
        response.writeHead(answer.status, { ...headers, ...answer.headers }).end(answer.body)
        return
      }
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
      })
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      clients.add(response)
      metrics.add('live_clients', 1)
      response.on('close', () => {
        drop(response)
      })
      response.write(`retry: ${limits.retryMs}\n\n`)
      const snapshot = snapshotFrame()
      if (snapshot !== null) response.write(snapshot)
      response.write(progressFrame())
    },
    close() {
      unsubscribe()
      clearInterval(progressTimer)
      clearInterval(heartbeatTimer)
      for (const client of clients) {
        drop(client)
        client.end()
      }
    },
  }
}

/** Makes bytes of `read()`'s value once, however often they are asked for. */
function memoise<T>(read: () => T | null, make: (value: T) => Buffer): () => Buffer | null {
  let last: T | null = null
  let bytes: Buffer | null = null
  return () => {
    const value = read()
    if (value !== last) {
      last = value
      bytes = value === null ? null : make(value)
    }
    return bytes
  }
}

/** One event in the wire format: every line of the data is told apart. */
function frame(event: string, id: string, data: string): Buffer {
  const lines = data.replaceAll('\n', '\ndata: ')
  return Buffer.from(`event: ${event}\nid: ${id}\ndata: ${lines}\n\n`)
}
