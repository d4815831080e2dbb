// Server-sent events: every update is made into bytes once and given to all clients.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { takesGzip } from '../http/compress.ts'
import { eventFrame, frameOf, GZIP_HEADER, memoiseFrame, type Frame } from './frames.ts'
import { problem } from '../http/problem.ts'
import { progressMessage } from '../api/status.ts'
import type { ApiContext } from '../api/routes.ts'
import type { Metrics } from '../metrics/exposition.ts'

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

const HEARTBEAT = frameOf(': alive\n\n')

/** The live stream of the context's view. */
export function createLive(context: ApiContext, metrics: Metrics, limits: LiveLimits): Live {
  const { view } = context
  /** Of each client what it takes. */
  const clients = new Map<ServerResponse, keyof Frame>()
  let sequence = 0
  let progressDue = false
  let lastNotReady: string | null = null

  const greeting = frameOf(`retry: ${limits.retryMs}\n\n`)
  const snapshotFrame = memoiseFrame(
    () => view.published(),
    (published) => eventFrame('snapshot', String(published.snapshot.number), published.json),
  )
  const progressFrame = (): Frame => {
    const message = progressMessage(view, context.judgement(), context.now())
    sequence += 1
    const id = `${message.snapshotNumber ?? 0}.${sequence}`
    return eventFrame('progress', id, JSON.stringify(message))
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
  const broadcast = (frame: Frame): void => {
    for (const [client, coding] of clients) send(client, frame[coding])
  }
  const unsubscribe = view.subscribe((event) => {
    if (event === 'progress') progressDue = true
    else {
      const frame = clients.size > 0 ? snapshotFrame() : null
      if (frame !== null) broadcast(frame)
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
    broadcast(HEARTBEAT)
  }, limits.heartbeatMs)
  for (const timer of [progressTimer, heartbeatTimer]) timer.unref()

  return {
    attach(request, response, headers) {
      if (clients.size >= limits.clients) {
        metrics.add('http_refused_requests_total', 1, { reason: 'live-clients' })
        const answer = problem(503, `There are ${limits.clients} live streams already.`)
        response.writeHead(answer.status, { ...headers, ...answer.headers }).end(answer.body)
        return
      }
      const coding = takesGzip(request.headers['accept-encoding'] ?? '') ? 'zipped' : 'plain'
      response.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        vary: 'accept-encoding',
        ...(coding === 'zipped' && { 'content-encoding': 'gzip' }),
        connection: 'close',
      })
      if (request.method === 'HEAD') {
        response.end()
        return
      }
      clients.set(response, coding)
      metrics.add('live_clients', 1)
      response.on('close', () => {
        drop(response)
      })
      if (coding === 'zipped') response.write(GZIP_HEADER)
      for (const frame of [greeting, snapshotFrame(), progressFrame()]) {
        if (frame !== null) response.write(frame[coding])
      }
    },
    close() {
      unsubscribe()
      clearInterval(progressTimer)
      clearInterval(heartbeatTimer)
      for (const client of clients.keys()) {
        drop(client)
        client.end()
      }
    },
  }
}
