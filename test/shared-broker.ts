// One broker for a whole test run: started when the first test asks, handed to all test files.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { messageOf } from '../src/errors.ts'
import { launchCluster } from './broker.ts'
import { operate, type Operations } from './broker-operations.ts'

/** Addresses of a broker that is there already, with commas between. */
const GIVEN = 'KAFKA_BROKERS'
/** Port of loopback where `test/run.ts` says where its broker is, and starts it when asked first. */
const OFFERED = 'XDR_TEST_BROKER_PORT'

/** Nobody kills this one; it may stand still for a while on a machine full of tests. */
const PATIENT = { 'broker.session.timeout.ms': '18000' }

let own: Promise<Operations> | undefined

/**
 * The broker that all tests share, for what disturbs no one: topics and groups with unique names.
 * It is the one of KAFKA_BROKERS, else the one of the test run, else one that ends with this
 * process.
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

/** Starts a broker that ends, and whose files go, when this process does. */
async function startOwn(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'xdr-pulse-broker-'))
  const { bootstrap } = await launchCluster(directory, { properties: PATIENT }, null)
  // Kafka was told to end just before this, and may still be writing.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
  return bootstrap
}

async function askFor(port: number): Promise<string[]> {
  const answer = JSON.parse(await text(connect(port, '127.0.0.1'))) as string[] | { error: string }
  if (Array.isArray(answer)) return answer
  throw new Error(answer.error)
}

/** For `test/run.ts`: offers a broker to the test files begun after this, until `close`. */
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
