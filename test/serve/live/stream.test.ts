// The live stream: the snapshot first, then changes; slow clients are disconnected.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import test from 'node:test'
import type { LiveLimits } from '../../../src/serve/live/stream.ts'
import { startServer, type RunningServer } from '../../../src/serve/server.ts'
import { generateProgress, generateSnapshot, published, standIn, type StandIn } from '../fixture.ts'

interface Message {
  event: string
  id: string
  data: unknown
}

/** Parses the stream independently, message by message; comments and retry hints are skipped. */
async function* messages(url: string, coding = 'gzip'): AsyncGenerator<Message, undefined> {
  const headers = { 'accept-encoding': coding }
  const response = await fetch(`${url}/api/v1/live`, { headers })
  assert.equal(response.headers.get('content-encoding') ?? 'identity', coding)
  assert.equal(response.headers.get('vary'), 'accept-encoding')
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const fields = new Map<string, string>()
      for (const line of block.split('\n')) {
        const at = line.indexOf(': ')
        const name = line.slice(0, at)
        const before = fields.get(name)
        fields.set(name, (before === undefined ? '' : `${before}\n`) + line.slice(at + 2))
      }
      const data = fields.get('data')
      if (data === undefined) continue
      yield {
        event: fields.get('event')!,
        id: fields.get('id')!,
        data: JSON.parse(data) as unknown,
      }
    }
  }
}

async function withServer(
  live: Partial<LiveLimits>,
  body: (server: RunningServer, pipeline: StandIn) => Promise<void>,
) {
  const pipeline = standIn()
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live })
  try {
    await body(server, pipeline)
  } finally {
    await server.close()
  }
}

/** The next message of a kind; others are skipped. */
async function next(stream: AsyncGenerator<Message, undefined>, event: string): Promise<Message> {
  for (;;) {
    const { value } = await stream.next()
    assert.ok(value !== undefined, `the stream ended before a ${event}`)
    if (value.event === event) return value
  }
}

async function metric(server: RunningServer, name: string): Promise<number> {
  const exposition = await (await fetch(`${server.url}/metrics`)).text()
  const line = exposition.split('\n').find((each) => each.startsWith(`xdrpulse_${name} `))
  return Number(line?.split(' ').at(-1))
}

const quick = { progressIntervalMs: 5 }

test('the first message is the whole snapshot, followed by updates', async () => {
  await withServer(quick, async (server, pipeline) => {
    const first = generateSnapshot({ number: 4 })
    pipeline.publish(published(first))
    pipeline.report(generateProgress(1000))
    const stream = messages(server.url)
    assert.deepEqual((await stream.next()).value, { event: 'snapshot', id: '4', data: first })

    const progress = await next(stream, 'progress')
    assert.match(progress.id, /^4\.\d+$/)
    assert.deepEqual(
      (progress.data as { counters: unknown }).counters,
      generateProgress(1000).counters,
    )
    pipeline.report(generateProgress(2000))
    const later = await next(stream, 'progress')
    assert.equal((later.data as { counters: { rows: number } }).counters.rows, 2000)
    assert.ok(Number(later.id.split('.')[1]) > Number(progress.id.split('.')[1]))

    const second = generateSnapshot({ number: 5, seed: 2 })
    pipeline.publish(published(second))
    assert.deepEqual((await next(stream, 'snapshot')).data, second)
    await stream.return(undefined)
  })
})

test('a client without gzip gets the same messages as plain text', async () => {
  await withServer(quick, async (server, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1, seed: 1 })))
    const streams = [messages(server.url, 'identity'), messages(server.url)]
    for (const number of [1, 2, 3]) {
      const snapshot = generateSnapshot({ number, seed: number })
      if (number > 1) pipeline.publish(published(snapshot))
      for (const stream of streams) {
        const { id, data } = await next(stream, 'snapshot')
        assert.deepEqual({ id, data }, { id: String(number), data: snapshot })
      }
    }
    for (const stream of streams) await stream.return(undefined)
  })
})

test('before the first snapshot there is progress, and the snapshot follows', async () => {
  await withServer(quick, async (server, pipeline) => {
    const stream = messages(server.url)
    const { value } = await stream.next()
    assert.equal(value?.event, 'progress')
    assert.equal((value.data as { state: string }).state, 'starting')
    const snapshot = generateSnapshot({ number: 1 })
    pipeline.publish(published(snapshot))
    assert.deepEqual((await next(stream, 'snapshot')).data, snapshot)
    await stream.return(undefined)
  })
})

test('JSON of several lines arrives complete', async () => {
  await withServer(quick, async (server, pipeline) => {
    const snapshot = generateSnapshot({ number: 2 })
    pipeline.publish({ ...published(snapshot), json: JSON.stringify(snapshot, null, 2) })
    const stream = messages(server.url)
    assert.deepEqual((await stream.next()).value?.data, snapshot)
    await stream.return(undefined)
  })
})

/** A client that requests the stream and never reads it. */
async function stalled(server: RunningServer): Promise<Socket> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
  return socket
}

test('a client that does not read is disconnected and counted; the others continue', async () => {
  await withServer({ ...quick, bufferBytes: 1 << 16 }, async (server, pipeline) => {
    pipeline.publish(published(generateSnapshot({ number: 1 })))
    const stream = messages(server.url)
    await stream.next()
    const socket = await stalled(server)
    while ((await metric(server, 'live_clients')) < 2) await turn()

    // The kernel buffers some MB on both ends before bytes stay in the process.
    const filler = ' '.repeat(1 << 20)
    for (let number = 2; (await metric(server, 'live_dropped_messages_total')) === 0; number += 1) {
      assert.ok(number < 200, 'the stalled client was never dropped')
      const snapshot = generateSnapshot({ number, subscribers: 20 })
      pipeline.publish({ ...published(snapshot), json: JSON.stringify(snapshot) + filler })
      assert.equal((await next(stream, 'snapshot')).id, String(number))
    }
    assert.equal(await metric(server, 'live_clients'), 1)
    await stream.return(undefined)
    socket.destroy()
  })
})

test('a client that leaves is no longer counted', async () => {
  await withServer(quick, async (server) => {
    const stream = messages(server.url)
    await stream.next()
    assert.equal(await metric(server, 'live_clients'), 1)
    await stream.return(undefined)
    while ((await metric(server, 'live_clients')) > 0) await turn()
  })
})

test('more clients than the bound are refused and counted', async () => {
  await withServer({ ...quick, clients: 1 }, async (server) => {
    const stream = messages(server.url)
    await stream.next()
    assert.equal((await fetch(`${server.url}/api/v1/live`)).status, 503)
    assert.equal(await metric(server, 'http_refused_requests_total{reason="live-clients"}'), 1)
    await stream.return(undefined)
  })
})

test('closing ends open streams, stalled ones too', async () => {
  const pipeline = standIn()
  const live = { bufferBytes: Number.MAX_SAFE_INTEGER }
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, live })
  const stream = messages(server.url, 'identity')
  await stream.next()
  const socket = await stalled(server)
  while ((await metric(server, 'live_clients')) < 2) await turn()
  // More than the kernel buffers: unsent bytes must not delay the close.
  const snapshot = generateSnapshot({ number: 1 })
  const json = JSON.stringify(snapshot) + ' '.repeat(1 << 25)
  pipeline.publish({ ...published(snapshot), json })
  await next(stream, 'snapshot')
  await server.close()
  for (let ended = false; !ended;) {
    ended = await stream.next().then(
      ({ done }) => done === true,
      () => true,
    )
  }
  await assert.rejects(fetch(`${server.url}/healthz`))
  socket.destroy()
})

test('HEAD returns the headers of the stream and opens none', async () => {
  await withServer(quick, async (server) => {
    const reply = await fetch(`${server.url}/api/v1/live`, { method: 'HEAD' })
    assert.match(reply.headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.equal(await metric(server, 'live_clients'), 0)
  })
})

test('a heartbeat keeps an idle stream alive', async () => {
  await withServer({ heartbeatMs: 5 }, async (server) => {
    const response = await fetch(`${server.url}/api/v1/live`)
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (/^: /m.test(text)) break
    }
    assert.match(text, /^retry: \d+$/m)
  })
})
