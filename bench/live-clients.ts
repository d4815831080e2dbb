// Clients of the live stream as a process: `live-clients.ts URL CLIENTS STALLED`.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const [url, clients, stalled] = process.argv.slice(2)
const { hostname, port, host } = new URL(url)
let open = 0
let bytes = 0

/** Connects a client that reads everything, or one that never reads. */
async function join(reads: boolean): Promise<Socket> {
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.on('close', () => open--)
  await once(socket, 'connect')
  open++
  if (reads) socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  else socket.pause()
  // As browsers do.
  const accept = 'Accept-Encoding: gzip, deflate, br'
  socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: ${host}\r\n${accept}\r\n\r\n`)
  return socket
}

const sockets: Socket[] = []
for (let at = 0; at < Number(clients); at++) sockets.push(await join(at >= Number(stalled)))
process.stdout.write('joined\n')
process.on('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify({ open, bytes })}\n`)
  for (const socket of sockets) socket.destroy()
  process.exit()
})
