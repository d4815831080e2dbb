// One broker for a whole test run: started when a test first needs it, shared by all test files.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { messageOf } from '../src/errors.ts'
import { launchCluster } from './broker.ts'
import { operate, type Operations } from './broker-operations.ts'

/** The variable with the addresses of an existing broker, comma-separated. */
const GIVEN = 'KAFKA_BROKERS'
/** The variable with the port on loopback at which `test/run.ts` returns its broker's addresses. */
const OFFERED = 'XDR_TEST_BROKER_PORT'

/** No test kills this broker, and on a busy machine it may be slow: its session may be longer. */
const PATIENT = { 'broker.session.timeout.ms': '18000' }

let own: Promise<Operations> | undefined

/**
 * The broker that all tests share, for topics and groups with unique names. It is the one of
 * KAFKA_BROKERS, else the one of the test run, else one that ends with this process.
 */
export function sharedBroker(): Promise<Operations> {
  own ??= findBroker()
  return own
}

async function findBroker(): Promise<Operations> {
  const given = process.env[GIVEN]
  if (given !== undefined) return operate(given.split(','))
  const offered = process.env[OFFERED]
  const bootstrap = offered === undefined ? startOwn() : askFor(Number(offered))
  return operate(await bootstrap)
}

/** Starts a broker; it ends, and its files are deleted, when this process ends. */
async function startOwn(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'xdr-pulse-broker-'))
  const { bootstrap } = await launchCluster(directory, { properties: PATIENT }, null)
  // Kafka was signalled just before, and may still be writing: hence the retries.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
  return bootstrap
}

async function askFor(port: number): Promise<string[]> {
  const answer = JSON.parse(await text(connect(port, '127.0.0.1'))) as string[] | { error: string }
  if (Array.isArray(answer)) return answer
  throw new Error(answer.error)
}

/** For `test/run.ts`: offers a broker to the test files that start from now on, until `close`. */
export async function offerBroker(): Promise<{ close(): void }> {
  let started: Promise<string[]> | undefined
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    started ??= startOwn()
    started.then(
      (bootstrap) => socket.end(JSON.stringify(bootstrap)),
      (error: unknown) => socket.end(JSON.stringify({ error: messageOf(error) })),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  process.env[OFFERED] = String((server.address() as AddressInfo).port)
  return { close: () => void server.close() }
}
