// The proxy of the tests treats connections according to its mode.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { quietClient } from '../../scripts/kafka/client.ts'
import { needsKafka, withCluster } from '../broker.ts'
import { withTcpProxy, type TcpProxy } from '../tcp-proxy.ts'

/** Runs `work` with a proxy in front of an echo server. */
async function withEcho(work: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await withTcpProxy((proxy) => {
      proxy.pointTo((server.address() as AddressInfo).port)
      return work(proxy)
    })
  } finally {
    for (const socket of open) socket.destroy()
    server.close()
  }
}

interface Heard {
  text: string
  /** How the connection ended: an error's code, `end`, or `open` if it did not. */
  ended: string
}

/** Sends a text and reads until as much has returned, the connection ends, or a time-out. */
async function send(port: number, text: string, silenceMs = 500): Promise<Heard> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8').setTimeout(silenceMs)
  const heard: Heard = { text: '', ended: 'open' }
  await new Promise<void>((resolve) => {
    const over = (how: string): void => {
      heard.ended = how
      resolve()
    }
    socket
      .on('connect', () => socket.write(text))
      .on('error', (error: NodeJS.ErrnoException) => over(error.code ?? error.message))
      .on('end', () => over('end'))
      .on('timeout', () => resolve())
      .on('data', (part: string) => {
        heard.text += part
        if (heard.text.length >= text.length) resolve()
      })
  })
  socket.destroy()
  return heard
}

test('a proxy forwards, refuses, drops and cuts on the same port', () =>
  withEcho(async ({ port, become, counts }) => {
    assert.deepEqual(await send(port, 'hello'), { text: 'hello', ended: 'open' })
    await become({ kind: 'reject' })
    assert.deepEqual(await send(port, 'hello'), { text: '', ended: 'ECONNREFUSED' })
    await become({ kind: 'blackhole' })
    assert.deepEqual(await send(port, 'hello'), { text: '', ended: 'open' })
    await become({ kind: 'cut', afterBytes: 3 })
    assert.deepEqual(await send(port, 'hello'), { text: 'hel', ended: 'ECONNRESET' })
    await become({ kind: 'pass' })
    assert.deepEqual(await send(port, 'hello'), { text: 'hello', ended: 'open' })
    assert.equal(counts().accepted, 4)
    assert.equal(counts().cut, 1)
  }))

test('a slow proxy forwards everything at its rate', () =>
  withEcho(async ({ port, become }) => {
    await become({ kind: 'slow', bytesPerSecond: 10_000 })
    const begun = performance.now()
    assert.equal((await send(port, 'x'.repeat(2000))).text.length, 2000)
    // 200 ms per direction; parts of both directions overlap.
    assert.ok(performance.now() - begun > 150)
  }))

test('kafkajs reaches a broker through a proxy that the broker advertises', needsKafka(), () =>
  withTcpProxy((proxy) =>
    withCluster({ advertised: [proxy.port] }, async ({ brokers: [broker], connection }) => {
      proxy.pointTo(broker.proxyPort)
      const { brokers } = await connection('proxy')
      assert.deepEqual(brokers, [proxy.address])
      const admin = quietClient({ brokers, connectionTimeout: 1000 }).admin()
      await admin.connect()
      const known = await admin.describeCluster()
      assert.deepEqual(
        known.brokers.map(({ port }) => port),
        [proxy.port],
      )
      await proxy.become({ kind: 'reject' })
      await assert.rejects(admin.listTopics())
      await admin.disconnect()
    }),
  ),
)
