// Floods: whatever connections others hold, probes and metrics are answered on new ones.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { CONNECTION_LIMITS } from '../../../src/serve/limits.ts'
import { clientOf, isOwn } from '../../../src/serve/http/client-address.ts'
import { startServer, type RunningServer, type ServerOptions } from '../../../src/serve/server.ts'
import { until } from '../../until.ts'
import { generateSnapshot, published, standIn } from '../fixture.ts'

/** A server and the connections that a test opens to it, all ended at the end. */
interface Flooded {
  server: RunningServer
  /** Opens connections that send `sent` each, and waits until they are made. */
  open: (count: number, sent: string, localAddress?: string) => Promise<Socket[]>
}

async function withFlood(
  options: Partial<ServerOptions>,
  body: (flooded: Flooded) => Promise<void>,
): Promise<void> {
  const pipeline = standIn()
  pipeline.publish(published(generateSnapshot({ number: 1 })))
  const server = await startServer(pipeline.view, { host: '127.0.0.1', port: 0, ...options })
  const { hostname, port } = new URL(server.url)
  const sockets: Socket[] = []
  const open = async (count: number, sent: string, localAddress = '127.0.0.1') => {
    const opened = Array.from({ length: count }, () => {
      const socket = connect({ port: Number(port), host: hostname, localAddress })
      socket.on('error', () => undefined)
      // Nothing is read: a client that reads learns that it was disconnected.
      socket.pause()
      if (sent !== '') socket.write(sent.replaceAll('HOST', `${hostname}:${port}`))
      return socket
    })
    sockets.push(...opened)
    await Promise.all(opened.map((socket) => once(socket, 'connect')))
    return opened
  }
  try {
    await body({ server, open })
  } finally {
    for (const socket of sockets) socket.destroy()
    await server.close()
  }
}

/** A response on a connection of its own: one that is kept open would show nothing. */
async function askAnew({ url }: RunningServer, path: string): Promise<Reply> {
  const asked = get(url + path, { agent: false })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}

interface Reply {
  status: number
  body: string
}

async function isServed(server: RunningServer): Promise<void> {
  for (const path of ['/healthz', '/readyz', '/metrics', '/vendor/echarts.js']) {
    const { status } = await askAnew(server, path)
    assert.ok(status === 200 || path === '/readyz', `${status} ${path}`)
  }
}

async function metric(server: RunningServer, name: string): Promise<number> {
  const { body } = await askAnew(server, '/metrics')
  const line = body.split('\n').find((each) => each.startsWith(`xdrpulse_${name} `))
  return Number(line?.split(' ').at(-1))
}

const FULL = 'http_closed_connections_total{reason="full"}'
const REQUEST = 'GET /vendor/echarts.js HTTP/1.1\r\nHost: HOST\r\n\r\n'

test('2,000 silent, trickling, pipelining and announcing clients keep nobody out', async () => {
  await withFlood({}, async ({ server, open }) => {
    await open(CONNECTION_LIMITS.most - 500, '')
    await isServed(server)
    await open(1000, 'GET /healthz HTTP/1.1\r\nHost: HOST\r\nX-Trickle: ')
    await isServed(server)
    await open(20, REQUEST.repeat(20))
    await open(50, 'POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 104857600\r\n\r\n{')
    await isServed(server)
    assert.ok((await metric(server, FULL)) > 0)
    // One more while a connection that gave way is being closed.
    assert.ok((await metric(server, 'http_connections')) <= CONNECTION_LIMITS.most + 1)
  })
})

test('clients that hold live streams and read nothing keep nobody out', async () => {
  const limits = { live: { clients: 10 }, connections: { most: 20 } }
  await withFlood(limits, async ({ server, open }) => {
    await open(10, 'GET /api/v1/live HTTP/1.1\r\nHost: HOST\r\n\r\n')
    await until('live streams', async () => (await metric(server, 'live_clients')) === 10)
    // One after another: a request that is not read yet would give way before any response.
    for (let i = 0; i < 15; i++) {
      const [slow] = await open(1, REQUEST.repeat(20))
      slow.once('data', () => slow.pause())
      const begun = once(slow, 'data')
      slow.resume()
      await begun
      await isServed(server)
    }
    assert.equal(await metric(server, 'live_clients'), 10, 'no stream gave way')
  })
})

test('a connection that was answered with 400 or 408 is ended, though its client keeps it', async () => {
  const limits = { connections: { lingerMs: 20, requestMs: 100 } }
  await withFlood(limits, async ({ server, open }) => {
    const sockets = await open(20, '')
    await open(20, 'hello\r\n\r\n')
    const refused = (reason: string): Promise<number> =>
      metric(server, `http_refused_requests_total{reason="${reason}"}`)
    await until('the refusals', async () => (await refused('malformed')) === 20)
    await until('the late requests', async () => (await refused('timeout')) >= 20)
    await until('an end', async () => (await metric(server, 'http_connections')) <= 1)
    const [first] = sockets
    const ended = once(first, 'close')
    let received = ''
    first.on('data', (bytes: Buffer) => (received += bytes.toString()))
    first.resume()
    await ended
    assert.match(received, /^HTTP\/1\.1 408 /)
  })
})

test('a client that does not read a response in time is disconnected', async () => {
  const limits = { connections: { answerMs: 100 } }
  await withFlood(limits, async ({ server, open }) => {
    // The kernel buffers some MB, so one response is not enough to fill it.
    await open(1, REQUEST.repeat(40))
    const slow = 'http_closed_connections_total{reason="slow"}'
    await until('the end of a slow client', async () => (await metric(server, slow)) === 1)
  })
})

test('one address has a bound, beyond which its own connections give way', async () => {
  if (process.platform !== 'linux') return
  const limits = { connections: { perClient: 5, most: 20 } }
  await withFlood(limits, async ({ server, open }) => {
    const [patient] = await open(1, '')
    await open(30, '', '127.0.0.2')
    const reason = 'http_closed_connections_total{reason="client"}'
    assert.ok((await metric(server, reason)) >= 25)
    assert.equal(await metric(server, FULL), 0)
    patient.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`)
    patient.resume()
    const [answer] = (await once(patient, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
  })
})

describe('a client', () => {
  test('is an address of IPv4, and a network of IPv6', () => {
    assert.equal(clientOf('192.0.2.7'), '192.0.2.7')
    assert.equal(clientOf('::ffff:192.0.2.7'), '192.0.2.7')
    for (const address of ['2001:db8:1:2::7', '2001:db8:1:2:3:4:5:6']) {
      assert.equal(clientOf(address), '2001:db8:1:2::/64')
    }
    assert.equal(clientOf('2001:db8::7'), '2001:db8:0:0::/64')
    assert.equal(clientOf('::7:8'), '0:0:0:0::/64')
  })

  test('is on this machine by 127.0.0.1 and ::1 only', () => {
    assert.deepEqual(
      ['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.0.0.2', '192.0.2.7', ''].map((address) =>
        isOwn(clientOf(address)),
      ),
      [true, true, true, false, false, false],
    )
  })
})
