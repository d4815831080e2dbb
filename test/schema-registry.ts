// A stand-in for a schema registry with the contract of Confluent's: in memory, on loopback.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCatalogue, refusal, type Answer, type Catalogue } from './schema-catalogue.ts'
import type { Posted } from './schema-catalogue.ts'

const LOOPBACK = '127.0.0.1'
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json'

/** How it responds: normally, not at all (connection refused), with 500, late, or as another program. */
export type RegistryMode =
  | { kind: 'up' }
  | { kind: 'down' }
  | { kind: 'failing' }
  | { kind: 'slow'; delayMs: number }
  | { kind: 'foreign'; status: number; body: string }

/** The options of a stand-in. */
export interface RegistryStandInOptions {
  /** USER:PASSWORD that it requires; none by default. */
  credentials?: string
  /** Returns the bearer token that it requires now; none by default. */
  bearer?: () => string
  /** Key and certificate (PEM) with which it answers by HTTPS; plain HTTP by default. */
  pem?: string
  /** The id of the first schema; 1 by default. */
  firstId?: number
}

/** A registry with the same address in all modes. */
export interface RegistryStandIn {
  /** The URL, without credentials. */
  url: string
  /** Registers a schema without a request and returns its id; Avro by default. */
  register: (subject: string, schema: unknown, schemaType?: string) => number
  /** Changes the mode; resolves when the new mode is in effect. */
  become: (mode: RegistryMode) => Promise<void>
  /** The number of requests so far, by method and path, such as `GET /schemas/ids/1`. */
  requests: () => ReadonlyMap<string, number>
}

/** Runs `work` with a stand-in registry, and ends it afterwards. */
export async function withRegistryStandIn<T>(
  options: RegistryStandInOptions,
  work: (registry: RegistryStandIn) => Promise<T>,
): Promise<T> {
  const { registry, close } = await startRegistry(options)
  try {
    return await work(registry)
  } finally {
    await close()
  }
}

async function startRegistry(options: RegistryStandInOptions) {
  const { pem, firstId = 1 } = options
  const catalogue = createCatalogue(firstId)
  const requests = new Map<string, number>()
  let mode: RegistryMode = { kind: 'up' }
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const asked = `${request.method} ${request.url}`
    requests.set(asked, (requests.get(asked) ?? 0) + 1)
    if (mode.kind === 'slow') await sleep(mode.delayMs)
    if (mode.kind === 'failing') return refusal(50001, 'Error in the backend datastore')
    if (!isAllowed(request, options)) return refusal(401, 'HTTP 401 Unauthorized')
    return route(catalogue, request)
  }
  const respond: RequestListener = (request, response) => {
    if (mode.kind === 'foreign') {
      response.writeHead(mode.status, { 'content-type': 'text/html' }).end(mode.body)
      return
    }
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': CONTENT_TYPE }).end(JSON.stringify(body))
    })
  }
  const server =
    pem === undefined ? createServer(respond) : createSecureServer({ key: pem, cert: pem }, respond)
  const port = await listen(server, 0)
  const become = async (next: RegistryMode): Promise<void> => {
    mode = next
    if (next.kind === 'down') await stopListening(server)
    else if (!server.listening) await listen(server, port)
  }
  const register = (subject: string, schema: unknown, schemaType = 'AVRO'): number => {
    const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
    const { status, body } = catalogue.register(subject, { schema: text, schemaType })
    if (status !== 200) throw new Error(JSON.stringify(body))
    return (body as { id: number }).id
  }
  const url = `${pem === undefined ? 'http' : 'https'}://${LOOPBACK}:${port}`
  const registry: RegistryStandIn = { url, register, become, requests: () => requests }
  return { registry, close: () => stopListening(server) }
}

async function listen(server: Server, port: number): Promise<number> {
  await once(server.listen(port, LOOPBACK), 'listening')
  return (server.address() as AddressInfo).port
}

async function stopListening(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function isAllowed(
  { headers: { authorization } }: IncomingMessage,
  { credentials, bearer }: RegistryStandInOptions,
): boolean {
  if (bearer !== undefined) return authorization === `Bearer ${bearer()}`
  if (credentials === undefined) return true
  return authorization === `Basic ${Buffer.from(credentials).toString('base64')}`
}

async function route(catalogue: Catalogue, request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://registry')
  const parts: (string | undefined)[] = pathname.slice(1).split('/').map(decodeURIComponent)
  const [first, second, third, fourth] = parts
  const known = parts.length <= 4 ? `${request.method} ${first}` : ''
  if (known === 'GET schemas' && second === 'ids' && third !== undefined) {
    if (fourth === undefined) return catalogue.byId(Number(third))
    if (fourth === 'versions') return catalogue.versionsOfId(Number(third))
  }
  if (known === 'GET schemas' && second === 'guids' && third !== undefined) {
    return catalogue.byGuid(third)
  }
  if (known === 'GET subjects') {
    if (second === undefined) return catalogue.subjects()
    if (third === 'versions' && fourth === undefined) return catalogue.versions(second)
    if (third === 'versions') return catalogue.version(second, fourth!)
  }
  if (known === 'POST subjects' && second !== undefined && fourth === undefined) {
    const posted = (await json(request).catch(() => ({}))) as Posted
    if (third === undefined) return catalogue.lookUp(second, posted)
    if (third === 'versions') return catalogue.register(second, posted)
  }
  return refusal(404, 'HTTP 404 Not Found')
}
