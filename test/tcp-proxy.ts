// A TCP proxy on loopback that simulates failures of networks.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, Socket, type Server } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOPBACK = '127.0.0.1'
/** The interval between parts of a slow connection: short enough for an even rate. */
const SLOW_STEP_MS = 20

/**
 * How connections and their bytes are treated.
 * - `pass` forwards both directions
 * - `reject` resets all connections and closes the port: connection refused
 * - `blackhole` accepts connections and drops all bytes; existing connections stay open, without
 *   data, until the mode changes, which resets them
 * - `cut` resets all connections, then each new one after `afterBytes` from the server
 * - `slow` forwards `bytesPerSecond` in each direction
 */
export type ProxyMode =
  | { kind: 'pass' }
  | { kind: 'reject' }
  | { kind: 'blackhole' }
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'slow'; bytesPerSecond: number }

/** A proxy with the same port in all modes. */
export interface TcpProxy {
  port: number
  /** `127.0.0.1:port` */
  address: string
  /** Sets the target of later connections; must be called before the first one. */
  pointTo: (port: number) => void
  /** Changes the mode; resolves when the new mode is in effect. */
  become: (mode: ProxyMode) => Promise<void>
  /** Resets all open connections. */
  resetAll: () => void
  /** Connections accepted so far, open now, and reset by the mode `cut`; bytes from the server. */
  counts: () => { accepted: number; open: number; cut: number; received: number }
}

/** Runs `work` with a proxy, and closes it and its connections afterwards. */
export async function withTcpProxy<T>(work: (proxy: TcpProxy) => Promise<T>): Promise<T> {
  const { proxy, close } = await startProxy()
  try {
    return await work(proxy)
  } finally {
    await close()
  }
}

interface Pair {
  client: Socket
  upstream: Socket
}

async function startProxy(): Promise<{ proxy: TcpProxy; close: () => Promise<void> }> {
  let mode: ProxyMode = { kind: 'pass' }
  let target = 0
  let [accepted, cut, received] = [0, 0, 0]
  const pairs = new Set<Pair>()
  const modeNow = (): ProxyMode => mode
  const take = (client: Socket): void => {
    accepted += 1
    const upstream = mode.kind === 'blackhole' ? new Socket() : connect(target, LOOPBACK)
    const pair = { client, upstream }
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      reset(pair)
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    const onCut = (): void => {
      cut += 1
      end()
    }
    client.pipe(passage(modeNow, null)).pipe(upstream)
    upstream.on('data', (bytes: Buffer) => (received += bytes.length))
    upstream.pipe(passage(modeNow, onCut)).pipe(client)
  }
  const server = createServer(take)
  const port = await listen(server, 0)
  const resetAll = (): void => pairs.forEach(reset)
  const become = async (next: ProxyMode): Promise<void> => {
    // Dropped bytes would be missing in the middle of the stream: such connections are reset.
    const wasHole = mode.kind === 'blackhole' && next.kind !== 'blackhole'
    mode = next
    if (wasHole || next.kind === 'reject' || next.kind === 'cut') resetAll()
    if (next.kind === 'reject') await stopListening(server)
    else if (!server.listening) await listen(server, port)
  }
  const proxy: TcpProxy = {
    port,
    address: `${LOOPBACK}:${port}`,
    pointTo: (to) => {
      target = to
    },
    become,
    resetAll,
    counts: () => ({ accepted, open: pairs.size, cut, received }),
  }
  const close = async (): Promise<void> => {
    resetAll()
    await stopListening(server)
  }
  return { proxy, close }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, LOOPBACK)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}

/** Resets both sockets, as a failing network does, instead of closing them. */
function reset({ client, upstream }: Pair): void {
  for (const socket of [client, upstream]) {
    if (socket.destroyed) continue
    if (socket.connecting) socket.destroy()
    else socket.resetAndDestroy()
  }
}

/** One direction of a connection; `onCut` is null for the direction that is never cut. */
function passage(mode: () => ProxyMode, onCut: (() => void) | null): Transform {
  let passed = 0
  const treat = async (bytes: Buffer, push: (bytes: Buffer) => void): Promise<void> => {
    const now = mode()
    if (now.kind === 'blackhole') return
    if (now.kind === 'slow') return trickle(bytes, now.bytesPerSecond, push)
    passed += bytes.length
    if (now.kind !== 'cut' || onCut === null || passed < now.afterBytes) {
      push(bytes)
      return
    }
    push(bytes.subarray(0, Math.max(0, bytes.length - (passed - now.afterBytes))))
    // The forwarded bytes are written before the reset discards the rest.
    setImmediate(onCut)
  }
  return new Transform({
    transform(bytes: Buffer, _, done) {
      treat(bytes, (part) => this.push(part)).then(() => done(), done)
    },
  })
}

async function trickle(bytes: Buffer, perSecond: number, push: (part: Buffer) => void) {
  const step = Math.max(1, Math.round((perSecond * SLOW_STEP_MS) / 1000))
  for (let at = 0; at < bytes.length; at += step) {
    const part = bytes.subarray(at, at + step)
    await sleep((part.length / perSecond) * 1000)
    push(part)
  }
}
