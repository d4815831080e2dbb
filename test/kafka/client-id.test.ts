// Every connection carries the name of `--client-id`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { pulse } from '../e2e/command.ts'

/** Where a request has its client id: after size, key, version and correlation id. */
const CLIENT_ID_AT = 12

/** Runs `work` with the port of a server that notes the client ids of requests and hangs up. */
async function clientIdsOf(work: (port: number) => Promise<unknown>): Promise<Set<string>> {
  const found = new Set<string>()
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (bytes) => {
      const length = bytes.readInt16BE(CLIENT_ID_AT)
      found.add(bytes.toString('utf8', CLIENT_ID_AT + 2, CLIENT_ID_AT + 2 + length))
      socket.destroy()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    await work((server.address() as AddressInfo).port)
  } finally {
    await once(server.close(), 'close')
  }
  return found
}

const doctor = (port: number, more: string[]): Promise<unknown> =>
  pulse(['doctor', '--kafka', `127.0.0.1:${port}`, '--topic', 'xdr', '--state', 'none', ...more])

test('requests carry the client id that is given, else the name of the program', async () => {
  const given = await clientIdsOf((port) => doctor(port, ['--client-id', 'site-7']))
  assert.deepEqual([...given], ['site-7'])
  assert.deepEqual([...(await clientIdsOf((port) => doctor(port, [])))], ['xdr-pulse'])
})
